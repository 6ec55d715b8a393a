"""Families: who counts in a group on which day, and what is refused."""

from datetime import date
from itertools import pairwise

import pytest

from custom_components.emucs.groups.family import Tie, parents_on, problem_of
from custom_components.emucs.groups.sums import Summing
from tests.groups.street import Household, run

JANUARY, MAY = date(2026, 1, 1), date(2026, 5, 1)
MEMBERS = ("main", "shop", "flat", "other")


def test_a_child_that_moves_belongs_to_one_parent_until_that_day() -> None:
    ties = [Tie("flat", "other", MAY), Tie("flat", "main", JANUARY)]
    assert parents_on(ties, date(2025, 12, 31)) == {}
    assert parents_on(ties, date(2026, 4, 30)) == {"flat": "main"}
    assert parents_on(ties, MAY) == {"flat": "other"}
    assert problem_of(ties, MEMBERS) is None


def test_a_child_may_become_nobodys() -> None:
    ties = [Tie("flat", "main", JANUARY), Tie("flat", None, MAY)]
    assert parents_on(ties, MAY) == {}
    assert problem_of(ties, MEMBERS) is None


@pytest.mark.parametrize(
    ("ties", "problem"),
    [
        ([Tie("main", "main", JANUARY)], "own_parent"),
        ([Tie("main", "flat", JANUARY), Tie("flat", "main", JANUARY)], "cycle"),
        ([Tie("main", "flat", JANUARY), Tie("flat", "shop", MAY), Tie("shop", "main", MAY)], "cycle"),
        ([Tie("flat", "shop", JANUARY), Tie("shop", "main", JANUARY)], "too_deep"),
        # It is refused on the day on which it would be so, whichever was said first.
        ([Tie("shop", "main", MAY), Tie("flat", "shop", JANUARY)], "too_deep"),
        ([Tie("flat", "gone", JANUARY)], "unknown_member"),
        ([Tie("gone", "main", JANUARY)], "unknown_member"),
        # One after the other is right: the parent of the first months is a child later.
        ([Tie("flat", "shop", JANUARY), Tie("flat", "main", MAY), Tie("shop", "main", MAY)], None),
    ],
)
def test_what_is_refused(ties: list[Tie], problem: str | None) -> None:
    assert problem_of(ties, MEMBERS) == problem


def test_a_tie_is_kept_as_it_is() -> None:
    tie = Tie("flat", None, MAY)
    assert Tie.of(tie.save()) == tie


def test_the_rest_is_what_children_do_not_count_and_never_falls() -> None:
    households = {
        "main": Household(lambda second: 3000 + second % 50 * 10),
        "flat": Household(lambda second: 1000 + second % 50 * 10),
        # Solar panels with a meter of their own: what they make is not drawn from the grid.
        "panels": Household(lambda _: -500, period=10),
    }
    sums = run(households, range(3600), Summing({"main": 1, "flat": -1, "panels": -1}, 0))

    assert float(sums[-1].power) == pytest.approx(2.5, abs=0.001)
    assert float(sums[-1].counters.imported) == pytest.approx(2.5, abs=0.01)
    assert sums[-1].counters.exported == 0
    assert all(one.counters.imported <= two.counters.imported for one, two in pairwise(sums))


def test_a_rest_of_nothing_is_not_made_of_noise() -> None:
    same = [lambda second: 2000 + second % 7 * 100] * 2
    households = {"main": Household(same[0]), "flat": Household(same[1], imported=999)}
    sums = run(households, range(3600), Summing({"main": 1, "flat": -1}, 0))
    assert sums[-1].counters.imported <= 0.001
