"""One visual language: the pages' theme has the colours of look.py, words on them can be read, and no eye needs colour alone."""

from __future__ import annotations

import itertools
import tomllib

import pytest

from cpm_metrics.views import look
from tests.pages.conftest import ROOT

THEME = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text("utf-8"))["theme"]
KINDS = {"status": look.STATUS, "level": look.LEVEL, "meeting": look.MEETING_STATE, "severity": look.SEVERITY}
EVERY = [pytest.param(words, id=f"{kind} {code}") for kind, group in KINDS.items() for code, words in group.items()]
# Machado, Oliveira and Fernandes (2009), severity 1.0: how linear RGB is seen without one kind of cone.
SEEN_BY = {
    "everybody": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protan": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deutan": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritan": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}  # fmt: skip


def linear(colour: str) -> list[float]:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    return [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]


def lightness(colour: str) -> float:
    return sum(share * part for share, part in zip((0.2126, 0.7152, 0.0722), linear(colour), strict=True))


def contrast(one: str, other: str) -> float:
    """WCAG 2.2: 4.5 for words, 3 for marks."""
    dark, light = sorted((lightness(one), lightness(other)))
    return (light + 0.05) / (dark + 0.05)


def lab(colour: str, eye: str) -> list[float]:
    seen = [min(max(sum(m * c for m, c in zip(row, linear(colour), strict=True)), 0), 1) for row in SEEN_BY[eye]]
    xyz = [sum(m * c for m, c in zip(row, seen, strict=True)) for row in ((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505))]
    f = [t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116 for t in (xyz[0] / 0.9505, xyz[1], xyz[2] / 1.089)]
    return [116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_theme_has_the_colours_of_the_statuses(theme):
    """A badge on a page and a bar in a chart are the same colour."""
    for code, words in look.STATUS.items():
        if code != "lapsed":  # paler than the other greys: it is not counted
            assert words.colour(theme == "dark") == THEME[theme][f"{words.tone}Color"], code


@pytest.mark.parametrize("words", EVERY)
def test_words_can_be_read(words):
    """White on a label of a table (the darker shade in both themes), and each shade on its own background as a mark."""
    assert contrast(words.light, "#ffffff") >= 4.5
    assert contrast(words.dark, THEME["dark"]["backgroundColor"]) >= 3


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_links_and_buttons_can_be_read(theme):
    """WCAG 2.2 AA, and AAA for text."""
    colours = THEME[theme]
    for background in (colours["backgroundColor"], colours["secondaryBackgroundColor"], colours["sidebar"]["backgroundColor"]):
        assert contrast(colours["textColor"], background) >= 7
        assert contrast(colours["linkColor"], background) >= 4.5
    assert contrast("#ffffff", colours["primaryColor"]) >= 4.5
    assert contrast(colours["primaryColor"], colours["backgroundColor"]) >= 3


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("tone", ["red", "orange", "yellow", "blue", "green", "violet", "gray"])
def test_badges_can_be_read(theme, tone):
    assert contrast(THEME[theme][f"{tone}TextColor"], THEME[theme][f"{tone}BackgroundColor"]) >= 4.5


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("eye", SEEN_BY)
def test_the_counted_statuses_are_told_apart_by_every_eye(eye, dark):
    """Beside each other in a bar: on time, late, missed and overdue (CIE 1976 difference; about 2 can just be seen)."""
    for one, other in itertools.combinations(look.COUNTED, 2):
        a, b = (lab(look.STATUS[code].colour(dark), eye) for code in (one, other))
        assert sum((x - y) ** 2 for x, y in zip(a, b, strict=True)) ** 0.5 > 10, (one, other)


@pytest.mark.parametrize("kind", KINDS)
def test_every_word_has_its_own_word_and_mark(kind):
    assert len({words.word for words in KINDS[kind].values()}) == len(KINDS[kind])
    assert len({words.mark for words in KINDS[kind].values()}) == len(KINDS[kind])
    assert all(words.icon.startswith(":material/") for words in KINDS[kind].values())
