"""A short run of `scripts/soak`, and whether it notices faults."""

from collections.abc import Callable
from decimal import Decimal

from homeassistant.core import HomeAssistant
import pytest

from bench.soak import FAULTS, GRID, LOSSLESS, PORT, Result, report, soak
from custom_components.emucs.insight.electricity import energy_import, net_power
from custom_components.emucs.port import Telegram
from custom_components.emucs.port.framing import Framer

pytestmark = pytest.mark.usefixtures("socket_enabled")


def told(result: Result) -> str:
    """Return the findings, and print the whole report for when a test fails."""
    print(report(result))  # noqa: T201 -- shown by pytest
    return "\n".join(result.wrong)


@pytest.mark.parametrize("transport", ["tcp", "pty"])
async def test_no_wrong_value_whatever_the_fault(hass: HomeAssistant, transport: str) -> None:
    faults = tuple(name for name in FAULTS if name != "one_byte")
    result = await soak(hass, 1200, transport=transport, faults=faults, seed=5)
    assert not told(result)
    assert result.shown > 800
    assert result.compared > 5 * result.shown
    assert len(result.faults) > 5
    assert result.outages > 0
    # Up to 2048 lines are kept, with two objects each. A day of telegrams leaves no more than a few thousand.
    assert result.objects[-1] < result.objects[0] + 5000


async def test_a_port_that_works_loses_nothing(hass: HomeAssistant) -> None:
    result = await soak(hass, 300, profile="2.1.1-single-phase", faults=LOSSLESS[:3])
    assert not told(result)
    assert result.shown == result.telegrams
    assert result.outages == 0


async def test_a_grid_that_goes_wrong_is_shown_as_it_is(hass: HomeAssistant) -> None:
    result = await soak(hass, 500, profile="1.7.1", faults=GRID, seed=9)
    assert not told(result)
    assert result.shown == result.telegrams
    assert result.outages == 0
    assert set(result.faults) == set(GRID)


async def test_each_kind_of_outage_is_noticed_and_over(hass: HomeAssistant) -> None:
    result = await soak(hass, 600, profile="1.7.1-3x230v", faults=PORT, seed=2)
    assert not told(result)
    assert set(result.faults) == set(PORT)


@pytest.mark.parametrize(
    ("what", "broken", "said"),
    [
        (
            "entities.meter.net_power",
            lambda telegram: (net_power(telegram) or 0) + (telegram.time.second == 30),
            "power is",
        ),
        (
            "entities.meter.energy_import",
            lambda telegram: (energy_import(telegram) or 0) - Decimal(telegram.time.second == 30),
            "goes back",
        ),
    ],
)
async def test_it_notices_wrong_values(
    hass: HomeAssistant,
    monkeypatch: pytest.MonkeyPatch,
    what: str,
    broken: Callable[[Telegram], Decimal],
    said: str,
) -> None:
    monkeypatch.setattr(f"custom_components.emucs.{what}", broken)
    result = await soak(hass, 150, faults=())
    assert said in "\n".join(result.wrong)


async def test_it_notices_what_passes_without_its_checksum(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Framer, "_check", lambda _, frame, *__: frame)
    result = await soak(hass, 400, faults=("corrupt:1",))
    assert result.wrong


async def test_it_notices_a_telegram_that_is_lost(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> None:
    feed, count = Framer.feed, 0

    def forget(framer: Framer[Telegram], data: bytes) -> list[Telegram]:
        nonlocal count
        count += 1
        return feed(framer, data if count % 50 else b"")

    monkeypatch.setattr(Framer, "feed", forget)
    result = await soak(hass, 60, faults=())
    assert "lost" in "\n".join(result.wrong)
