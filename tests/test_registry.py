"""The folder is the registry; what is wrong in it is an error at once."""

from __future__ import annotations

import sys

import pytest

from cpm_metrics.errors import CpmError, UnknownName
from cpm_metrics.indicators import indicator
from cpm_metrics.registry import scan
from cpm_metrics.rules import rule
from cpm_metrics.settings import Limit, Settings


def test_unknown_codes_say_what_is_close():
    """A typing error is answered with what was probably meant."""
    with pytest.raises(UnknownName, match="Did you mean initial-cpm"):
        rule("inital-cpm")
    with pytest.raises(UnknownName, match="silent-drift"):
        indicator("silent-drif")
    with pytest.raises(UnknownName, match=r"initial-cpm\.limit"):
        Settings({"initial-cpm.limt": Limit(1, "weeks")})


def make_package(folder, name, **modules):
    (folder / name).mkdir()
    (folder / name / "__init__.py").write_text("")
    for module, text in modules.items():
        (folder / name / f"{module}.py").write_text(text)
    sys.path.insert(0, str(folder))


THING = "class T:\n    order = 1\n    code = '{}'\nRULE = T()\n"


def test_a_file_that_is_not_named_for_its_code(tmp_path):
    """Two files can't claim one code, because a file's name is its code."""
    make_package(tmp_path, "rules_misnamed", one=THING.format("two"))
    with pytest.raises(CpmError, match="named for its code"):
        scan("rules_misnamed", "RULE")


def test_a_file_without_its_constant(tmp_path):
    """A rule that declares nothing would silently not be there."""
    make_package(tmp_path, "rules_empty", one="x = 1")
    with pytest.raises(CpmError, match="declares no RULE"):
        scan("rules_empty", "RULE")


def test_settings_of_the_wrong_kind():
    """A limit can't become a truth value, nor a switch a number."""
    for name, value in {"initial-cpm.limit": True, "initial-cpm.on": 3, "rebooked.limit": -1}.items():
        with pytest.raises(CpmError, match="can't be the value"):
            Settings({name: value})
    assert Settings({"initial-cpm.limit": {"amount": 5, "unit": "weeks"}})["initial-cpm.limit"].text == "5 weeks"
    assert Limit(1, "months").text == "1 month"
