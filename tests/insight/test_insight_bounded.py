"""What is kept of a port that prints something new for ever."""

import json
import tracemalloc

import pytest

from custom_components.emucs.insight.bounded import Recent
from custom_components.emucs.insight.guard import Guard
from custom_components.emucs.port import Reader, Telegram, parse_code
from tests.port.wire import received, sent

METER = "1SAG3100000001"
KEPT = 64 * 1024
"""Bytes that the guard may keep of what a port prints: half of what SECURITY.md promises of everything."""


class TestRecent:
    """A bounded table."""

    def test_forgets_the_longest_unseen(self) -> None:
        table = Recent[int](2)
        for number, name in enumerate("abac"):
            table.note([name])
            table.add(name, number)
        assert dict(table) == {"a": 2, "c": 3}

    def test_what_is_shown_makes_room_for_nothing(self) -> None:
        table = Recent[int](2)
        table.note("abc")
        for name in "abc":
            table.add(name, 1)
        assert list(table) == ["a", "b"]

    def test_takes_up_what_was_seen_last(self) -> None:
        assert list(Recent(2, {"a": 1, "b": 2, "c": 3})) == ["b", "c"]


def lines(number: int) -> list[str]:
    """Return registers and M-Bus meters that no telegram had before, with identifiers as long as they may be."""
    counters = [f"1-{number % 60}:{1 + number // 60 % 8}.8.{tariff}(1000*kWh)" for tariff in range(40, 60)]
    meters = [
        line
        for channel in range(1, 5)
        for line in (
            f"0-{channel}:24.1.0(003)",
            f"0-{channel}:96.1.1({f'{number:088d}{channel:08d}'.encode().hex()})",
            f"0-{channel}:24.2.3(260114180000W)(1000*m3)",
        )
    ]
    return counters + meters


REAL = ("1-0:1.8.1(000100.000*kWh)", "0-1:24.1.0(003)", "0-1:96.1.1(3746545354)", "0-1:24.2.3(260114180000W)(50*m3)")


def flooded(count: int) -> Guard:
    """Return a guard after so many telegrams, each of which is new."""
    guard, reader = Guard(METER), Reader()
    for number in range(count):
        for telegram in reader.feed(sent(*lines(number))):
            guard.feed(telegram)
    return guard


def withheld(guard: Guard, *changed: str) -> set[str]:
    """Return what is not believed of the real meters that come next, and then say something else."""
    guard.feed(received(*REAL))
    return set(guard.feed(received(*changed)).withheld)


class TestAFlood:
    """Of counters and M-Bus meters that no telegram had before."""

    NONSENSE = (*REAL[1:3], "1-0:1.8.1(000000.000*kWh)", "0-1:24.2.3(260114180500W)(0*m3)")

    @pytest.fixture(scope="class")
    def guard(self) -> Guard:
        return flooded(1000)

    def test_leaves_a_bounded_state(self, guard: Guard) -> None:
        saved = json.dumps(guard.save())
        assert len(saved) < KEPT
        assert json.dumps(Guard.restore(METER, json.loads(saved)).save()) == saved

    def test_a_real_meter_that_comes_later_is_guarded(self, guard: Guard) -> None:
        assert withheld(guard, *self.NONSENSE) == {"1-0:1.8.1", "7FTST"}

    def test_after_a_restart_too(self) -> None:
        guard = Guard.restore(METER, json.loads(json.dumps(flooded(300).save())))
        assert withheld(guard, *self.NONSENSE) == {"1-0:1.8.1", "7FTST"}

    def test_does_not_drive_out_what_each_telegram_has(self) -> None:
        guard = Guard(METER)
        for number in range(300):
            guard.feed(received(*REAL[:1], *lines(number)[:20]))
        assert guard.feed(received("1-0:1.8.1(000000.000*kWh)")).withheld == {"1-0:1.8.1"}

    def test_a_state_that_was_saved_without_bounds(self) -> None:
        saved = flooded(10).save()
        one = next(iter(saved["meters"].values()))
        saved["meters"] = {f"8TST{number}": one for number in range(10_000)}
        saved["media"] = dict.fromkeys(saved["meters"], "gas")
        saved["registers"] = dict.fromkeys((f"1-{number}:1.8.0" for number in range(10_000)), one)
        assert len(json.dumps(Guard.restore(METER, saved).save())) < KEPT

    def test_takes_bounded_memory(self) -> None:
        telegrams = [telegram for number in range(200) for telegram in Reader().feed(sent(*lines(number)))]
        assert kept_of(telegrams) < KEPT


def kept_of(telegrams: list[Telegram]) -> int:
    """Return how many bytes a guard has in use after some telegrams, without what the port itself keeps of codes."""
    tracemalloc.start()
    try:
        guard = Guard(METER)
        for telegram in telegrams:
            guard.feed(telegram)
        parse_code.cache_clear()
        return tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
