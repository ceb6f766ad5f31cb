"""`python -m cpm_metrics people`: who may sign in and see what. The first administrator is made here, by whoever runs the server."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING

from cpm_metrics.access.roles import ROLES, Teams
from cpm_metrics.errors import CpmError

if TYPE_CHECKING:
    from cpm_metrics.access.people import People

ABOUT = """who may sign in and see what

  people                                     everybody with a role, and who waits for one
  people give CODE --role administrator      CODE: the short code that whoever signed in sees on their screen
  people give CODE --role team-manager --team "Children in Care North"
  people take-away CODE                      no access from their next click on"""


def add(command: Callable[..., argparse.ArgumentParser], store: Callable[[argparse.ArgumentParser], None], by: Callable[[argparse.ArgumentParser], None], run: Callable) -> None:
    """The command and its options, with the command line's own ways of adding `--store` and `--by`."""
    one = command("people", run, "who may sign in and see what", ABOUT)
    one.formatter_class = argparse.RawDescriptionHelpFormatter
    one.add_argument("what", nargs="?", choices=["list", "give", "take-away"], default="list")
    one.add_argument("code", nargs="?", metavar="CODE", help="the short code, or the whole key, of a person")
    one.add_argument("--role", choices=list(ROLES))
    one.add_argument("--team", action="append", default=[], metavar="TEAM", help="may be given several times")
    one.add_argument("--service", action="append", default=[], metavar="SERVICE", help="may be given several times")
    one.add_argument("--no-drill-down", action="store_true", help="an analyst who only loads: no single child, no names")
    store(one)
    by(one)


def run(people: People, options: argparse.Namespace, who: str, say: Callable[[str], None]) -> None:
    """Do what was asked, and say it."""
    from cpm_metrics.access.people import Access, short

    persons, waiting = people.persons(), people.waiting()
    if options.what == "list":
        for key, access in persons.items():
            reach = "nothing" if access.role not in ROLES else "every team" if ROLES[access.role].teams is Teams.ALL else ", ".join([*access.services, *access.teams])
            print(f"{short(key)}  {access.name}  {access.role}  {reach}")
        for key, value in waiting.items():
            print(f"{short(key)}  {value['name']}  waits since {value['since'][:10]}")
        if not persons and not waiting:
            say("Nobody has signed in yet. Whoever does is listed here, with the short code that they see.")
        return
    found = [key for key in {**persons, **waiting} if options.code in (key, short(key))]
    if len(found) != 1:
        raise CpmError(f"Nobody has the code {options.code}." if options.code else "Which person? Give their short code.", "`people` lists everybody who has a role or waits for one.")
    key = found[0]
    name = persons[key].name if key in persons else waiting[key]["name"]
    if options.what == "take-away":
        people.take_away(key, who)
        say(f"{name} has no access any more, from their next click on.")
        return
    if not options.role:
        raise CpmError("Which role?", f"Add --role with one of: {', '.join(ROLES)}.")
    people.give(key, Access(options.role, tuple(options.team), tuple(options.service), not options.no_drill_down, name), who)
    say(f"{name} is now {ROLES[options.role].title.lower()}.")
