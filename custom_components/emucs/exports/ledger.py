"""What was imported, import by import: the statistics that are written are a function of these alone.

So a repeated import changes nothing, imports in any order and in any pieces give the same, and taking one back leaves
what the others give.
"""

from array import array
import base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Self
import zlib

from .counters import Known

type Rows = dict[int, int]
"""What each hour adds, in millionths, by the hour since the epoch."""

# Of live rows, sums are kept as they were: this is how many a ledger keeps at most.
_MOST_PACKED: Final = 32 * 1024 * 1024


@dataclass(slots=True)
class Snapshot:
    """The sums that live rows of one counter had before an import changed them."""

    target: str
    lift: float
    """By how much imports had lifted them then."""
    hourly: dict[int, float]
    """By start in seconds since the epoch."""
    short_term: dict[int, float]


@dataclass(slots=True)
class Layer:
    """One import."""

    id: str
    created: str
    files: list[str]
    counters: dict[str, Known]
    """By the unique id of an entity: what the import knows of the time before its first live statistic."""
    lacking: dict[str, int] = field(default_factory=dict)
    """What the first live hour had counted before the meter was connected, in millionths."""
    peaks: dict[str, int] = field(default_factory=dict)
    """Month peaks in millionths of kW, by month."""
    seeds: dict[str, int] = field(default_factory=dict)
    """Starts of the five-minute rows that sums go on from, where there was none."""
    eans: dict[str, str] = field(default_factory=dict)
    """EANs by the identifiers of meters that they are certain to be of."""
    linked: bool = False
    """Whether Home Assistant shows it; then it is taken back when it is removed there."""


@dataclass(slots=True)
class Ledger:
    """All imports of an entry, in their order."""

    layers: list[Layer] = field(default_factory=list)
    snapshots: list[Snapshot] = field(default_factory=list)

    def known(self, target: str) -> Known:
        """Return what all imports know of a counter; what came first stays."""
        known = Known()
        for layer in self.layers:
            if target in layer.counters:
                known.take(layer.counters[target])
        return known

    def rows(self, target: str) -> Rows:
        """Return what the hours of a counter add."""
        return self.known(target).energies()

    def lacking(self, target: str) -> int:
        """Return what the first live hour lacks, in millionths."""
        return next((layer.lacking[target] for layer in self.layers if target in layer.lacking), 0)

    @property
    def targets(self) -> list[str]:
        """Return the counters that there are imports of."""
        return sorted({target for layer in self.layers for target in layer.counters})

    @property
    def peaks(self) -> dict[str, int]:
        """Return all month peaks; what came first stays."""
        peaks: dict[str, int] = {}
        for layer in self.layers:
            peaks = layer.peaks | peaks
        return peaks

    @property
    def eans(self) -> dict[str, str]:
        """Return the EANs that imports were certain of."""
        return {meter: ean for layer in self.layers for meter, ean in layer.eans.items()}

    def layer(self, layer_id: str) -> Layer | None:
        """Return an import."""
        return next((layer for layer in self.layers if layer.id == layer_id), None)

    def with_layer(self, layer: Layer, snapshots: Iterable[Snapshot]) -> Ledger:
        """Return it with one more import."""
        return Ledger([*self.layers, layer], [*self.snapshots, *snapshots])

    def without(self, layer_id: str) -> Ledger:
        """Return it without an import; with the last one the old sums are not needed any more."""
        layers = [layer for layer in self.layers if layer.id != layer_id]
        return Ledger(layers, self.snapshots if layers else [])

    def save(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {
            "layers": [_layer_json(layer) for layer in self.layers],
            "snapshots": [
                {
                    "target": each.target,
                    "lift": each.lift,
                    "hourly": _pack_sums(each.hourly),
                    "short_term": _pack_sums(each.short_term),
                }
                for each in self.snapshots
            ],
        }

    @classmethod
    def restore(cls, saved: Mapping[str, Any]) -> Self:
        """Return what was saved; ValueError, KeyError or TypeError where that cannot be read."""
        return cls(
            [_layer(each) for each in saved["layers"]],
            [
                Snapshot(each["target"], each["lift"], _unpack_sums(each["hourly"]), _unpack_sums(each["short_term"]))
                for each in saved["snapshots"]
            ],
        )


def _layer_json(layer: Layer) -> dict[str, Any]:
    """Return an import as JSON has it."""
    return {
        "id": layer.id,
        "created": layer.created,
        "files": layer.files,
        "counters": {target: _known_json(known) for target, known in layer.counters.items()},
        "lacking": layer.lacking,
        "peaks": layer.peaks,
        "seeds": layer.seeds,
        "eans": layer.eans,
        "linked": layer.linked,
    }


def _layer(saved: Mapping[str, Any]) -> Layer:
    """Return an import that was saved."""
    counters = {target: _known(known) for target, known in saved["counters"].items()}
    return Layer(**{**saved, "counters": counters})


def _known_json(known: Known) -> dict[str, Any]:
    """Return what is known of a counter as JSON has it."""
    return {
        "hours": _pack(known.hours),
        "parts": {str(hour): list(quarters) for hour, quarters in known.parts.items()},
        "days": _pack({begin: value * 32 + length for begin, (length, value) in known.days.items()}),
        "estimated": _pack(dict.fromkeys(known.estimated, 0)),
    }


def _known(saved: Mapping[str, Any]) -> Known:
    """Return what was saved of a counter."""
    return Known(
        _unpack(saved["hours"]),
        {int(hour): tuple(quarters) for hour, quarters in saved["parts"].items()},
        {begin: (packed % 32, packed // 32) for begin, packed in _unpack(saved["days"]).items()},
        set(_unpack(saved["estimated"])),
    )


def _runs(numbers: Iterable[int]) -> list[int]:
    """Return numbers as runs: a first number, how many, and so on."""
    runs: list[int] = []
    for number in sorted(numbers):
        if runs and number == runs[-2] + runs[-1]:
            runs[-1] += 1
        else:
            runs += (number, 1)
    return runs


def _numbers(runs: Sequence[int]) -> list[int]:
    """Return the numbers of runs."""
    pairs = zip(runs[::2], runs[1::2], strict=True)
    return [number for first, count in pairs for number in range(first, first + count)]


def _pack(values: Mapping[int, int]) -> list[Any]:
    """Return whole numbers by whole numbers in little room."""
    runs = _runs(values)
    return [runs, _compress(array("q", [values[number] for number in _numbers(runs)]))]


def _unpack(packed: Sequence[Any]) -> dict[int, int]:
    """Return what was packed."""
    values = array("q")
    values.frombytes(_expand(packed[1]))
    return dict(zip(_numbers(packed[0]), values, strict=True))


def _pack_sums(sums: Mapping[int, float]) -> list[str]:
    """Return sums by their start, to the last bit."""
    return [_compress(array("q", sums)), _compress(array("d", sums.values()))]


def _unpack_sums(packed: Sequence[str]) -> dict[int, float]:
    """Return what was packed."""
    starts, sums = array("q"), array("d")
    starts.frombytes(_expand(packed[0]))
    sums.frombytes(_expand(packed[1]))
    return dict(zip(starts, sums, strict=True))


def _compress(numbers: array[int] | array[float]) -> str:
    """Return numbers as text."""
    return base64.b64encode(zlib.compress(numbers.tobytes())).decode("ascii")


def _expand(text: str) -> bytes:
    """Return the bytes of numbers; ValueError where the text is none of ours."""
    try:
        return zlib.decompressobj().decompress(base64.b64decode(text), _MOST_PACKED)
    except zlib.error as error:
        raise ValueError(str(error)) from error
