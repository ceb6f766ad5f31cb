"""What a person sees when something goes wrong: a foreseen situation in its own words, anything else as an error number."""

from __future__ import annotations

import logging
import traceback
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from cpm_metrics.errors import CpmError

LOG = logging.getLogger("cpm_metrics.pages")


@contextmanager
def told() -> Iterator[None]:
    """Shows an error instead of letting it through. The log gets number, kind and place, never a value or a message."""
    try:
        yield
    except CpmError as problem:
        refused(problem)
    except Exception as problem:
        unforeseen(problem)


def unforeseen(problem: BaseException) -> None:
    st.error(f"Something went wrong that we did not foresee. Please report error number {noted(problem)}.", icon=":material/report:")


def noted(problem: BaseException) -> str:
    """Puts number, kind and place into the log, and gives the number."""
    number = uuid.uuid4().hex[:12]
    places = "; ".join(f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(problem.__traceback__)[-6:])
    LOG.error("error %s: %s at %s", number, type(problem).__name__, places)
    return number


def in_a_callback(problem: BaseException) -> bool:
    """What is raised outside `told` (in the callback of a click): told in the same way, and not by Streamlit, which would log it."""
    unforeseen(problem)
    return True


def refused(problem: CpmError) -> None:
    """A foreseen problem: what is wrong, then what to do. As plain text: it may hold file names and the like."""
    from pages._shared.show import plain

    st.error(plain(problem.what) + ("\n\n" + plain(problem.remedy) if problem.remedy else ""), icon=":material/info:")
