"""What was imported, import by import: the statistics that are written are a function of these alone.

So a repeated import changes nothing, imports in any order and in any pieces give the same, and taking one back leaves
what the others give.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Self

from .counters import Known
from .vocabulary import ExportUnit

type Rows = dict[int, int]
"""What each hour adds, in millionths, by the hour since the epoch."""

GONE: Final = 0
"""The metadata id of statistics that the database does not have any more."""


@dataclass(frozen=True, slots=True)
class Location:
    """Where the rows of a counter were written.

    The recorder keeps the metadata id when an entity is renamed, disabled or removed; another database has others.
    """

    statistic_id: str
    metadata_id: int
    unit: ExportUnit


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One import. Counters are known by the unique id of their entity."""

    id: str
    created: str
    """When, in ISO 8601."""
    entry_id: str
    meter: str
    """The config entry and the meter that it was made for; a meter that is added again has another entry."""
    files: tuple[str, ...] = ()
    counters: Mapping[str, Known] = field(default_factory=dict)
    """What the import knows of the time before the first live statistic."""
    locations: Mapping[str, Location] = field(default_factory=dict)
    before_connection: Mapping[str, int] = field(default_factory=dict)
    """What the first live hour had counted before the meter was connected, in millionths."""
    peaks: Mapping[str, int] = field(default_factory=dict)
    """Month peaks in millionths of kW, by month."""
    seeds: Mapping[str, int] = field(default_factory=dict)
    """Starts of the five-minute rows that sums go on from, where there was none."""
    eans: Mapping[str, str] = field(default_factory=dict)
    """EANs by the identifiers of meters that they are certain to be of."""
    replaces: bool = False
    """Whether its values, as the grid operator has revised them, count instead of those of earlier imports."""

    @property
    def span(self) -> tuple[int, int] | None:
        """Return the first and the last hour since the epoch, None where it has month peaks alone."""
        firsts = [hour for known in self.counters.values() if (hour := known.first) is not None]
        lasts = [hour for known in self.counters.values() if (hour := known.last) is not None]
        return (min(firsts), max(lasts)) if firsts and lasts else None

    def save(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {
            "id": self.id,
            "created": self.created,
            "entry_id": self.entry_id,
            "meter": self.meter,
            "files": list(self.files),
            "counters": {target: _known_json(known) for target, known in self.counters.items()},
            "locations": {
                target: [each.statistic_id, each.metadata_id, str(each.unit)] for target, each in self.locations.items()
            },
            "before_connection": dict(self.before_connection),
            "peaks": dict(self.peaks),
            "seeds": dict(self.seeds),
            "eans": dict(self.eans),
            "replaces": self.replaces,
        }

    @classmethod
    def restore(cls, saved: Mapping[str, Any]) -> Self:
        """Return what was saved; KeyError, TypeError, AttributeError or ValueError where that cannot be read."""
        return cls(
            id=str(saved["id"]),
            created=str(saved["created"]),
            entry_id=str(saved["entry_id"]),
            meter=str(saved["meter"]),
            files=tuple(map(str, saved["files"])),
            counters={target: _known(known) for target, known in saved["counters"].items()},
            locations={
                target: Location(str(statistic_id), int(metadata_id), ExportUnit(unit))
                for target, (statistic_id, metadata_id, unit) in saved["locations"].items()
            },
            before_connection=_integers(saved["before_connection"]),
            peaks=_integers(saved["peaks"]),
            seeds=_integers(saved["seeds"]),
            eans={str(meter): str(ean) for meter, ean in saved["eans"].items()},
            replaces=bool(saved.get("replaces", False)),
        )


@dataclass(frozen=True, slots=True)
class Ledger:
    """All imports, in their order."""

    layers: tuple[Layer, ...] = ()

    def known(self, metadata_id: int) -> Known:
        """Return what all imports know of the counter at a location; what came first stays, unless it is replaced."""
        known = Known()
        for layer, target in self._at(metadata_id):
            if layer.replaces:
                known.replace(layer.counters[target])
            else:
                known.take(layer.counters[target])
        return known

    def before_connection(self, metadata_id: int) -> int:
        """Return what the first live hour at a location lacks, in millionths."""
        found = (layer.before_connection.get(target, 0) for layer, target in self._at(metadata_id))
        return next(filter(None, found), 0)

    def locations(self) -> dict[Location, int | None]:
        """Return all locations, with the first hour since the epoch that was written there."""
        found: dict[Location, int | None] = {}
        for layer in self.layers:
            for target, location in layer.locations.items():
                hours = [hour for hour in (found.get(location), layer.counters[target].first) if hour is not None]
                found[location] = min(hours, default=None)
        return found

    def moved(self, locations: Mapping[Location, Location]) -> Self:
        """Return it with locations as the database has them now."""
        if all(old == new for old, new in locations.items()):
            return self
        return type(self)(
            tuple(
                replace(
                    layer, locations={target: locations.get(each, each) for target, each in layer.locations.items()}
                )
                for layer in self.layers
            )
        )

    def of(self, entry_id: str, meter: str) -> list[Layer]:
        """Return the imports of a config entry and its meter, also those made when it had another entry."""
        return [layer for layer in self.layers if entry_id == layer.entry_id or meter == layer.meter]

    def layer(self, layer_id: str) -> Layer | None:
        """Return an import."""
        return next((layer for layer in self.layers if layer.id == layer_id), None)

    def with_layer(self, layer: Layer) -> Self:
        """Return it with one more import."""
        return type(self)((*self.layers, layer))

    def without(self, layer_id: str) -> Self:
        """Return it without an import."""
        return type(self)(tuple(layer for layer in self.layers if layer.id != layer_id))

    def save(self) -> list[dict[str, Any]]:
        """Return it as JSON has it."""
        return [layer.save() for layer in self.layers]

    @classmethod
    def restore(cls, saved: Iterable[Mapping[str, Any]]) -> Self:
        """Return what was saved; KeyError, TypeError, AttributeError or ValueError where that cannot be read."""
        return cls(tuple(map(Layer.restore, saved)))

    def _at(self, metadata_id: int) -> list[tuple[Layer, str]]:
        """Return the imports that wrote to a location, and the counter."""
        return [
            (layer, target)
            for layer in self.layers
            for target, location in layer.locations.items()
            if location.metadata_id == metadata_id != GONE
        ]


def peaks_of(layers: Iterable[Layer]) -> dict[str, int]:
    """Return the month peaks of imports, in millionths of kW; what came first stays, unless it is replaced."""
    peaks: dict[str, int] = {}
    for layer in layers:
        peaks = {**peaks, **layer.peaks} if layer.replaces else {**layer.peaks, **peaks}
    return peaks


def _known_json(known: Known) -> dict[str, Any]:
    """Return what is known of a counter as JSON has it: columns, as there are a hundred thousand hours."""
    return {
        "hours": [list(known.hours), list(known.hours.values())],
        "parts": [[hour, *quarters] for hour, quarters in known.parts.items()],
        "days": [[begin, *day] for begin, day in known.days.items()],
        "estimated": sorted(known.estimated),
    }


def _known(saved: Mapping[str, Any]) -> Known:
    """Return what was saved of a counter."""
    hours, values = saved["hours"]
    return Known(
        {int(hour): int(value) for hour, value in zip(hours, values, strict=True)},
        {int(hour): tuple(map(int, quarters)) for hour, *quarters in saved["parts"]},
        {int(begin): (int(length), int(value)) for begin, length, value in saved["days"]},
        set(map(int, saved["estimated"])),
    )


def _integers(saved: Mapping[str, Any]) -> dict[str, int]:
    """Return whole numbers by name."""
    return {str(name): int(value) for name, value in saved.items()}
