"""The supervision sheet, read back with pypdf: one page for each child, with what the command line says of them."""

from __future__ import annotations

import io
import re
from datetime import UTC, date, datetime, timedelta

import pytest
from pypdf import PdfReader

from cpm_metrics import sample, views
from cpm_metrics.documents import supervision
from cpm_metrics.documents.supervision import Item, Section, fit
from cpm_metrics.engine import compute, compute_rows
from cpm_metrics.errors import CpmError
from cpm_metrics.store.state import About, ManagersException, Note
from cpm_metrics.views import lists
from tests.pages.conftest import EXTRACT, fill

AS_AT = date(2026, 3, 31)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sheet")
    return fill(folder / "store", sample.write(folder / "files", children=20, seed=11, extract_date=EXTRACT))


@pytest.fixture(scope="module")
def results(store):
    return compute(store.current())


def pages(content: bytes) -> list[str]:
    """The words of each page, white space as one space."""
    return [" ".join(page.extract_text().split()) for page in PdfReader(io.BytesIO(content)).pages]


def one_child(**more) -> dict[str, list[dict]]:
    """Ann: in care since January, first CPM held in time, no review since; `more` datasets."""
    case = {"child_id": "0007", "forename": "Ann", "surname": "Łęcka", "care_started": date(2026, 1, 5), "team": "North", "worker": "Wren", "iro": "Jay"}
    return {
        "cases": [case], "meetings": [{"child_id": "0007", "meeting_id": "M1", "meeting_type": "cpm", "meeting_date": date(2026, 1, 12), "status": "held"}],
        "reviews": [],
    } | more  # fmt: skip


def test_every_child_has_one_page_with_the_command_lines_counts(results):
    """Overdue, due soon, cannot tell and drift flags of each child equal the contract's frames, and what isn't printed is counted."""
    children = [child for (child,) in results.rows("SELECT DISTINCT child_id FROM children ORDER BY child_id")]
    contract, flags = views.obligations(results), views.indicators(results)
    found = pages(supervision.pdf(results, children))
    assert len(found) == len(children)
    for child, text in zip(children, found, strict=True):
        assert f"Child ID {child} " in text
        mine = contract[contract["child_id"] == child]
        number = {status: int((mine["status"] == status).sum()) for status in ("overdue", "due_soon", "cannot_tell")}
        assert f"Overdue ({number['overdue']}) and due soon ({number['due_soon']})" in text
        assert (f"Cannot tell ({number['cannot_tell']})" in text) == bool(number["cannot_tell"])
        assert f"Drift flags ({(flags['child_id'] == child).sum()})" in text
        printed = sum(" ".join(why.split()) in text for why in set(mine.loc[mine["status"].isin(["overdue", "due_soon"]), "why"]))
        wanted = mine.loc[mine["status"].isin(["overdue", "due_soon"]), "why"].nunique()
        assert printed == wanted or " more, see the child’s page" in text
        for why in flags.loc[flags["child_id"] == child, "why"]:
            assert why in text or " more, see the child’s page" in text
    assert sum(" more, see" in text for text in found) < len(children) / 4


def test_who_where_and_the_next_dates():
    """Worked by hand: the first review was due on 2 February (20 working days), the first CPM was held, the next must come before that review."""
    (text,) = pages(supervision.pdf(compute_rows(one_child(), AS_AT), ["0007"]))
    for words in (
        "SUPERVISION SHEET", "As at 31 Mar 2026", "Ann Łęcka", "Child ID 0007", "date of birth not in the extract", "in care since 5 Jan 2026",
        "North", "Wren", "Jay", "Review due by", "2 Feb 2026", "57 days overdue", "Review booked", "None",
        "last held 12 Jan 2026", "none held yet", "Manager’s decision and reasons", "Signature", "To be reviewed on", "Page 1 of 1",
    ):  # fmt: skip
        assert words in text, words
    assert "Reconstructed" not in text


def test_a_reconstructed_view_says_so(store):
    then = compute(store.current(), EXTRACT - timedelta(days=90))
    child = then.rows("SELECT child_id FROM in_care ORDER BY 1 LIMIT 1")[0][0]
    (text,) = pages(supervision.pdf(then, [child]))
    assert "Reconstructed: put together for 22 Aug 2026" in text
    assert "extract taken on 20 Nov 2026" in text


def test_one_page_even_for_two_hundred_overdue_things():
    """What doesn't fit is counted, by kind; one of each kind is on the page before the second of any."""
    meetings = [
        {"child_id": "0007", "meeting_id": f"M{n}", "meeting_type": "cpm", "meeting_date": date(2026, 1, 6) + timedelta(days=n % 60), "status": "held", "plan_change": "minor"}
        for n in range(60)
    ]
    actions = [
        {"child_id": "0007", "meeting_id": "M3", "meeting_date": date(2026, 1, 9), "action": f"Task {n} " + "very long " * 200, "due_date": date(2026, 2, 1)}
        for n in range(60)
    ]
    results = compute_rows(one_child(meetings=meetings, actions=actions), AS_AT)
    (text,) = pages(supervision.pdf(results, ["0007"]))
    open_rows = lists.obligations(results, statuses=("overdue", "due_soon"))
    others, tasks = open_rows[open_rows["rule"] != "action-completed"], open_rows[open_rows["rule"] == "action-completed"]
    left = [int(n) for n in re.findall(r"and (\d+) more, see", text)]
    printed = sum(why in text for why in others["why"])
    assert printed + left[0] == len(others) > 100
    assert {why.split(":")[0] for why in others["why"] if why in text} == set(others["title"])
    assert len(re.findall(r"\(Task \d+", text)) + left[1] == len(tasks) == 60
    assert f"{len(tasks)} of them actions (below)" in text
    assert "Open actions (60, of them rolled over 60)" in text
    assert re.search(r"very( long)?…", text)  # shortened, and seen to be
    assert "Manager’s decision" in text


NASTY = [
    "<b>Bold</b> & <a href='http://x.test'>go</a>", "**stars** __under__ [go](http://x.test)", ":material/home: :red[x]", "{nb} of {nb}",
    "=HYPERLINK(\"http://x\")", "مريم", "Ünal Łęcka Ζωή Жанна Nguyễn", "Zoe\u0308", "x" * 400,
]  # fmt: skip


@pytest.mark.parametrize("name", NASTY)
def test_text_from_an_extract_is_text(name):
    """Nothing becomes a link, a format or a page number; unseen marks go; every page stays one page."""
    case = one_child()["cases"][0] | {"surname": f"\u202e{name}\x07", "team": name, "worker": name, "iro": name, "placement_type": name, "permanence_plan_text": name}
    action = {"child_id": "0007", "meeting_id": "M1", "meeting_date": date(2026, 1, 12), "action": name, "responsible": name, "due_date": date(2026, 2, 1)}
    content = supervision.pdf(compute_rows(one_child(cases=[case], actions=[action]), AS_AT), ["0007"])
    reader = PdfReader(io.BytesIO(content))
    (page,) = reader.pages
    assert "/Annots" not in page
    text = " ".join(page.extract_text().split())
    if len(name) < 100 and name != "مريم":  # read back, Arabic comes in the order of writing
        assert name.replace("e\u0308", "ë") in text
    assert "Page 1 of 1" in text
    assert "\u202e" not in text
    assert reader.metadata.title == "Supervision sheet"
    assert "Ann" not in str(reader.metadata)


def test_a_letter_that_the_font_lacks_is_said():
    case = one_child()["cases"][0] | {"surname": "陳 🙂"}
    (text,) = pages(supervision.pdf(compute_rows(one_child(cases=[case]), AS_AT), ["0007"]))
    assert "Ann □ □" in text
    assert "□ stands for a letter that this sheet’s font does not have" in text
    (text,) = pages(supervision.pdf(compute_rows(one_child(), AS_AT), ["0007"]))
    assert "□" not in text


def test_unknown_left_care_and_short_breaks():
    """Each has a page that says so; a child given twice has one page; none at all is refused."""
    cases = [
        {"child_id": "A", "care_started": date(2025, 1, 6), "care_ceased": date(2025, 9, 1), "team": "North"},
        {"child_id": "B", "care_started": date(2025, 1, 6), "team": "North", "legal_status": "V4", "legal_code": "V4"},
    ]
    results = compute_rows({"cases": cases, "meetings": []}, AS_AT)
    a, nobody, b = pages(supervision.pdf(results, ["A", "X", "B", "A"]))
    assert "This child has left care" in a
    assert "in care from 6 Jan 2025 to 1 Sep 2025" in a
    assert "no child with this ID in care by the as-at date" in nobody
    assert "short break (V3 or V4)" in b
    with pytest.raises(CpmError, match="No child was chosen"):
        supervision.pdf(results, [])


def test_notes_and_the_exceptions_in_force():
    """Those of the child; an exception marks its obligation and changes nothing else; expired and withdrawn ones are not there."""
    results = compute_rows(one_child(), AS_AT)
    row = lists.obligations(results, statuses=("overdue",)).iloc[0]
    about = About(row["rule"], "0007", row["care_started"].date(), row["anchor_date"].date(), row["due_date"].date())
    at = datetime(2026, 3, 1, 9, tzinfo=UTC)
    exceptions = [
        ManagersException(1, at, "Head", about, "Agreed with the IRO", date(2026, 4, 30), None, None),
        ManagersException(2, at, "Head", about, "Expired the day before", AS_AT - timedelta(days=1), None, None),
        ManagersException(3, at, "Head", about, "Withdrawn", date(2026, 4, 30), at, "Head"),
        ManagersException(4, at, "Head", about._replace(child_id="9"), "Another child’s", date(2026, 4, 30), None, None),
    ]
    notes = [Note(1, at, "Head", about, "Chased <b>twice</b>\nby phone"), Note(2, at, "Head", about._replace(child_id="9"), "Another child’s note")]
    (text,) = pages(supervision.pdf(results, ["0007"], notes, exceptions))
    (plain,) = pages(supervision.pdf(results, ["0007"]))
    assert "Notes (1) and manager’s exceptions in force (1)" in text
    assert "Agreed with the IRO (Head, 1 Mar 2026)" in text
    assert "Chased <b>twice</b> by phone (Head)" in text
    assert "exception until 30 Apr 2026" in text
    for absent in ("Expired the day before", "Withdrawn", "Another child"):
        assert absent not in text
    counts = re.compile(r"Overdue \(\d+\) and due soon \(\d+\)")
    assert counts.findall(text) == counts.findall(plain)
    assert exceptions[0].holds_on(date(2026, 4, 30)) and not exceptions[0].holds_on(date(2026, 5, 1))


@pytest.mark.parametrize("room", [20, 33.9, 34, 60, 99.9, 100, 101, 500])
def test_what_is_placed_fits_and_nothing_more_would(room):
    """Heights worked by hand: 2 lists of 10 and 3 items of 5 mm, headings of 4 mm, lines of 3 mm: all need 73 mm."""
    lists_ = [Section("a", [Item("", "")] * 10, "", share=2), Section("b", [Item("", "")] * 3, "")]
    heights, frame = [[5.0] * 10, [5.0] * 3], (4.0, 3.0)
    placed = fit(lists_, heights, frame, room)
    used = sum(4 + 5 * n + (3 if n < len(h) else 0) for n, h in zip(placed, heights, strict=True))
    assert used <= max(room, 14)  # headings and lines are always there
    if room >= 73:
        assert placed == [10, 3]
    else:
        assert used + 5 > room or placed[0] == 10
