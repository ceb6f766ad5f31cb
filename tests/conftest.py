"""What every test shares: property tests try the same examples on every machine, and a test with a browser may have a second try.

A run that passed here passes in CI too. `HYPOTHESIS=search make test` looks for new examples instead.
"""

import os

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("same", derandomize=True, deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("search", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("HYPOTHESIS", "same"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser, server and test share two cores, and a key pressed while the page is drawn anew can be lost. A second try is not hidden:
    the summary at the end names it (RERUN), and what is wrong fails twice."""
    for item in items:
        if "page" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.flaky(reruns=1))
