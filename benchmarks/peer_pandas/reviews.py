"""Child in Care Reviews of each period of care, and how far they are known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from benchmarks.peer_pandas.dates import DATE, after
from benchmarks.peer_pandas.lookup import NONE, id_order, within_care
from benchmarks.peer_pandas.meetings import state_of
from cpm_metrics.settings import Settings

APRIL = 4


def known_reviews(tables: Mapping[str, pd.DataFrame], meetings: pd.DataFrame, periods: pd.DataFrame, ids, as_at: pd.Timestamp) -> pd.DataFrame:
    """One row: a day with a review in a period of care, whichever extracts told of it: `care`, `date`, `state`, `meeting`."""
    of_meetings = meetings.loc[meetings["is_review"], ["child", "care", "date", "state", "meeting"]]
    reviews = tables["reviews"]
    reviews = pd.DataFrame(
        {
            "child": reviews["child"],
            "date": reviews["review_date"],
            "state": state_of(reviews["review_date"], reviews["status"], reviews["status_text"], as_at),
        }
    )
    newest = tables["cases"].loc[tables["cases"]["latest_review"].notna(), ["child", "latest_review"]]
    blank = pd.Series(None, newest.index, "str")
    newest = newest.rename(columns={"latest_review": "date"}).assign(state=state_of(newest["latest_review"], blank, blank, as_at))
    others = within_care(pd.concat([reviews, newest], ignore_index=True).assign(meeting=NONE), "date", periods, "opens_reviews")
    told = pd.concat([of_meetings, others], ignore_index=True)
    told = told.assign(meeting=told["meeting"].astype("int32"), order=id_order(told, ["care", "date", "state"], ids))
    return told.sort_values(["date", "state", "order"]).drop_duplicates(["care", "date"])[["care", "child", "date", "state", "meeting"]]


@dataclass
class Knowledge:
    """How far the reviews of each period of care are known; all as long as `periods`.

    `first_due`: when the first was due. `late`: the first ones are unknown. `unsure`: the first one known may be the first or the
    second. Of a yearly return: `begins`, the first day of its oldest year, and `until`, the last day of its newest; others aren't in it.
    """

    first_due: pd.Series
    late: pd.Series
    unsure: pd.Series
    begins: pd.Series
    until: pd.Series


def review_knowledge(periods: pd.DataFrame, held: pd.DataFrame, dates: pd.Series, settings: Settings) -> Knowledge:
    first_due = after(periods["care_started"], settings["statutory-review.first"])
    second_due = after(first_due, settings["statutory-review.second"])
    first_held = held.loc[held["n"].eq(1)].set_index("care")["date"].reindex(periods.index)
    oldest, newest = dates.min(), dates.max()
    begins = pd.Timestamp(oldest.year - (oldest.month < APRIL), APRIL, 1) if len(dates) else pd.NaT
    ends = pd.Timestamp(newest.year + (newest.month >= APRIL), 3, 31) if len(dates) else pd.NaT
    late = periods["start_unknown"] | (periods["yearly"] & (first_due < begins))
    return Knowledge(
        first_due=first_due,
        late=late,
        unsure=late & ~periods["start_unknown"] & (first_held <= second_due),
        begins=pd.Series(begins, periods.index).where(periods["yearly"]).astype(DATE),
        until=pd.Series(ends, periods.index).where(periods["yearly"]).astype(DATE),
    )
