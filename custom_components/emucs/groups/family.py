"""Families: a member may be a child of another one, such as a submeter behind a main meter, from a date on."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from typing import Any, NamedTuple, Self


class Tie(NamedTuple):
    """Whose child a member is from a date on; of nobody where there is no parent."""

    child: str
    parent: str | None
    since: date

    @classmethod
    def of(cls, saved: Mapping[str, Any]) -> Self:
        """Return a tie as the data of an entry have it."""
        return cls(str(saved["child"]), saved.get("parent"), date.fromisoformat(saved["since"]))

    def save(self) -> dict[str, Any]:
        """Return it as the data of an entry have it."""
        return {"child": self.child, "parent": self.parent, "since": self.since.isoformat()}


def parents_on(ties: Iterable[Tie], day: date) -> dict[str, str]:
    """Return the parent of each child on a day."""
    latest = {tie.child: tie.parent for tie in sorted(ties, key=lambda tie: tie.since) if tie.since <= day}
    return {child: parent for child, parent in latest.items() if parent is not None}


def problem_of(ties: Collection[Tie], members: Collection[str]) -> str | None:
    """Return the name of what is wrong with ties on any day: there are two levels, and each child has one parent."""
    for tie in ties:
        if tie.child == tie.parent:
            return "own_parent"
        if tie.child not in members or (tie.parent is not None and tie.parent not in members):
            return "unknown_member"
    for day in sorted({tie.since for tie in ties}):
        parents = parents_on(ties, day)
        for child, parent in parents.items():
            if parent in parents:
                return "cycle" if _leads_back(parents, child) else "too_deep"
    return None


def _leads_back(parents: Mapping[str, str], child: str) -> bool:
    """Tell whether a child is above itself."""
    seen, above = set[str](), parents.get(child)
    while above is not None and above != child and above not in seen:
        seen.add(above)
        above = parents.get(above)
    return above == child
