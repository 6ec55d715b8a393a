"""What the energy costs, in Home Assistant: a price entity, exact statistics, and the energy dashboard."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from freezegun import freeze_time
from homeassistant.components.energy.data import async_get_manager
from homeassistant.components.energy.validate import async_validate
from homeassistant.components.recorder import get_instance
from homeassistant.components.recorder.statistics import statistics_during_period
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.recorder.common import async_wait_recording_done

from custom_components.emucs.const import DOMAIN
from custom_components.emucs.cost_statistics import statistic_id
from custom_components.emucs.insight.cost import EnergyCost
from custom_components.emucs.insight.quarters import EXPORT, IMPORT
from tests.hass.fast import FastServer
from tests.hass.history_database import recorder_db_url
from tests.support import BRUSSELS, entry_data, eventually
from virtual_meter import VirtualMeter

__all__ = ["recorder_db_url"]

TODAY = "sensor.household_energy_cost_today"
MONTH = "sensor.household_bill_this_month"
FORECAST = "sensor.household_bill_forecast_this_month"
PRICE = "sensor.price"
EXPORT_PRICE = "sensor.export_price"
START = datetime(2026, 6, 12, 11, 59, 50, tzinfo=BRUSSELS)
EVENING = datetime(2026, 1, 14, 18, 59, 50, tzinfo=BRUSSELS)
DYNAMIC = {"price_entity": PRICE, "export_price_entity": EXPORT_PRICE}


@pytest.fixture(autouse=True)
def auto_enable_custom_integrations(recorder_mock: None, enable_custom_integrations: None) -> None:
    """Start the recorder before anything else."""


class Home:
    """A meter whose time passes as a test says, and prices that change by its clock."""

    def __init__(self, hass: HomeAssistant, start: datetime = START) -> None:
        """Begin just before noon in June, when the sun shines, or at another time."""
        self.hass = hass
        self.meter = VirtualMeter(seed=7, start=start, ev=False)
        self.server = FastServer(self.meter)
        self.entry = MockConfigEntry(domain=DOMAIN, title="Home", unique_id=self.meter.meter_id)

    @asynccontextmanager
    async def running(self, price: dict[str, Any], **options: Any) -> AsyncGenerator[None]:
        """Run the entry with prices."""
        async with self.server:
            self.entry.add_to_hass(self.hass)
            self.hass.config_entries.async_update_entry(
                self.entry,
                data=entry_data(self.server.url),
                options={"update_interval": 1, "price": price, **options},
            )
            assert await self.hass.config_entries.async_setup(self.entry.entry_id)
            await self.hass.async_block_till_done()
            yield
            assert await self.hass.config_entries.async_unload(self.entry.entry_id)

    def show(self, price: str, export_price: str = "0.05", unit: str = "EUR/kWh") -> None:
        """Let the entities show prices."""
        with freeze_time(self.meter.time.astimezone(UTC), real_asyncio=True):
            for entity_id, state in ((PRICE, price), (EXPORT_PRICE, export_price)):
                self.hass.states.async_set(entity_id, state, {"unit_of_measurement": unit})

    async def live(self, seconds: int) -> tuple[Decimal, Decimal]:
        """Let time pass; return the kWh that were imported and exported."""
        before = self.meter.truth
        await self.server.live(seconds)
        coordinator = self.entry.runtime_data
        await eventually(lambda: coordinator.telegram.time == self.meter.time)
        # Entities are told once a second, which is too slow for a meter that lives so fast.
        coordinator.async_changed()
        await self.hass.async_block_till_done()
        after = self.meter.truth
        return (
            sum(after.imported.values()) - sum(before.imported.values()),
            sum(after.exported.values()) - sum(before.exported.values()),
        )

    async def statistics(self) -> list[list[tuple[datetime, float]]]:
        """Return the rows of cost and compensation: their begin, and the sum."""
        await async_wait_recording_done(self.hass)
        ids = [statistic_id(self.entry, flow) for flow in (IMPORT, EXPORT)]
        found = await get_instance(self.hass).async_add_executor_job(
            statistics_during_period, self.hass, datetime(2026, 1, 1, tzinfo=UTC), None, set(ids), "hour", {}, {"sum"}
        )
        return [
            [(datetime.fromtimestamp(row["start"], UTC), row["sum"]) for row in found.get(each, [])] for each in ids
        ]


@pytest.fixture
def home(hass: HomeAssistant, socket_enabled: None) -> Home:
    """Return a home."""
    return Home(hass)


def number(hass: HomeAssistant, entity_id: str) -> float:
    """Return a state as a number."""
    return float(hass.states.get(entity_id).state)


async def test_quarters_are_priced_and_written(hass: HomeAssistant, home: Home) -> None:
    home.show("0.30")
    async with home.running(DYNAMIC):
        await home.live(10)
        assert number(hass, TODAY) == pytest.approx(0.0, abs=0.01)
        bought = sold = Decimal()
        for price, export_price in (("0.3121", "0.05"), ("-0.012", "-0.02"), ("0.25", "0.01"), ("0.44", "0.06")):
            # The source follows the clock, a moment late.
            await home.live(10)
            home.show(price, export_price)
            imported, exported = await home.live(890)
            bought += imported * Decimal(price)
            sold += exported * Decimal(export_price)
        state = hass.states.get(TODAY)
        assert float(state.state) == pytest.approx(float(bought - sold), abs=0.02)
        assert state.attributes["export"] == pytest.approx(-float(sold), abs=0.005)
        assert state.attributes["unpriced_energy"] == 0
        assert state.attributes["reason"] is None
        assert (state.attributes["unit_of_measurement"], state.attributes["state_class"]) == ("EUR", "total")
        assert START <= datetime.fromisoformat(state.attributes["last_reset"]) <= START + timedelta(seconds=60)
        cost = home.entry.runtime_data.insights[EnergyCost]
        sums = sorted(cost.hours.sums.items())
        assert await home.statistics() == [
            [(datetime.fromtimestamp(hour * 3600, UTC), pytest.approx(float(both[flow]))) for hour, both in sums]
            for flow in (IMPORT, EXPORT)
        ]
        assert len(cost.hours.sums) == 2


@pytest.mark.parametrize(
    ("shown", "unit", "price"),
    [("250", "EUR/MWh", 0.25), ("25", "c€/kWh", 0.25), ("-3.5", "ct/kWh", -0.035), ("0", "EUR/kWh", 0)],
)
async def test_units_are_converted(hass: HomeAssistant, home: Home, shown: str, unit: str, price: float) -> None:
    home.show(shown, shown, unit=unit)
    async with home.running(DYNAMIC):
        await home.live(30)
        state = hass.states.get(TODAY)
        assert (state.attributes["price"], state.attributes["export_price"]) == (price, price)


@pytest.mark.parametrize(
    ("shown", "unit", "reason"),
    [
        ("unavailable", "EUR/kWh", "no_price"),
        ("unknown", "EUR/kWh", "no_price"),
        ("cheap", "EUR/kWh", "no_price"),
        ("inf", "EUR/kWh", "no_price"),
        ("0.25", "SEK/kWh", "unit"),
        ("0.25", "", "unit"),
    ],
)
async def test_without_a_price_the_cost_is_unknown_with_the_reason(
    hass: HomeAssistant, home: Home, shown: str, unit: str, reason: str
) -> None:
    home.show(shown, shown, unit=unit)
    async with home.running(DYNAMIC):
        await home.live(950)
        for entity_id in (TODAY, MONTH):
            state = hass.states.get(entity_id)
            assert state.state == "unknown"
            assert state.attributes["reason"] == reason
            assert state.attributes["unpriced_energy"] > 0
        # No hour is written as if it had cost nothing.
        assert await home.statistics() == [[], []]


async def test_an_entity_that_is_not_there_is_no_price_until_it_comes(
    hass: HomeAssistant, socket_enabled: None
) -> None:
    now = datetime.now(UTC).astimezone(BRUSSELS)
    # Ahead of the host, whose clock dates what is there at set-up: that comes first, however long the test takes.
    home = Home(hass, now.replace(minute=now.minute // 15 * 15, second=0, microsecond=0) + timedelta(minutes=15))
    async with home.running(DYNAMIC):
        await home.live(500)
        assert hass.states.get(TODAY).attributes["price"] is None
        home.show("0.30")
        await home.live(450)
        assert hass.states.get(TODAY).attributes["price"] == 0.3
        assert hass.states.get(TODAY).attributes["unpriced_energy"] < 0.02
        with freeze_time(home.meter.time.astimezone(UTC), real_asyncio=True):
            hass.states.async_remove(PRICE)
        await home.live(1800)
        assert hass.states.get(TODAY).attributes["reason"] == "no_price"


async def test_entities_exist_only_with_a_price(hass: HomeAssistant, home: Home) -> None:
    async with home.running({}):
        await home.live(30)
        assert [hass.states.get(each) for each in (TODAY, MONTH, FORECAST)] == [None] * 3
        assert await home.statistics() == [[], []]


async def test_the_bill_of_the_month_has_its_parts(hass: HomeAssistant, home: Home) -> None:
    async with home.running({"fixed_price": 0.3}, capacity={"area": "imewo"}):
        await home.live(950)
        state = hass.states.get(MONTH)
        parts = state.attributes
        assert parts["capacity_tariff"] == pytest.approx(
            number(hass, "sensor.capacity_tariff_cost_this_month"), abs=0.01
        )
        assert float(state.state) == pytest.approx(parts["import"] + parts["capacity_tariff"], abs=0.001)
        # Export has no price, and says so.
        assert (parts["export"], parts["export_energy"]) == (None, None)
        assert hass.states.get(FORECAST).state == "unknown"


async def test_a_reload_goes_on(hass: HomeAssistant, socket_enabled: None) -> None:
    home = Home(hass, EVENING)
    home.show("0.30")
    async with home.running(DYNAMIC):
        await home.live(950)
        before = number(hass, TODAY)
        assert before > 0.05
        assert await hass.config_entries.async_reload(home.entry.entry_id)
        await hass.async_block_till_done()
        await eventually(lambda: hass.states.get(TODAY).state not in ("unknown", "unavailable"))
        assert number(hass, TODAY) == pytest.approx(before, abs=0.0001)
        await home.live(900)
        [cost, _] = await home.statistics()
        assert cost[-1][1] == pytest.approx(hass.states.get(TODAY).attributes["import"], abs=0.0001)
        assert hass.states.get(TODAY).attributes["unpriced_energy"] == 0


async def test_sums_go_on_from_the_statistics_where_the_store_is_lost(
    hass: HomeAssistant, socket_enabled: None
) -> None:
    home = Home(hass, EVENING)
    async with home.running({"fixed_price": 0.3}):
        await home.live(950)
        first = (await home.statistics())[IMPORT]
        entry = home.entry
        await hass.config_entries.async_remove(entry.entry_id)
        home.entry = MockConfigEntry(
            domain=DOMAIN,
            unique_id=entry.unique_id,
            data=entry.data,
            options={"price": {"fixed_price": 0.3}, "update_interval": 1},
        )
        home.entry.add_to_hass(hass)
        assert await hass.config_entries.async_setup(home.entry.entry_id)
        await hass.async_block_till_done()
        await home.live(2 * 3600)
        [cost, _] = await home.statistics()
        sums = [total for _, total in cost]
        assert cost[0] == first[0]
        assert sums == sorted(sums)
        assert sums[-1] > first[-1][1] > 0


class TestEnergyDashboard:
    """The costs are put there once, if the user asks for it, and nothing that he has set is replaced."""

    @staticmethod
    async def grid(hass: HomeAssistant) -> dict[str, Any]:
        """Return the source of the grid."""
        manager = await async_get_manager(hass)
        return dict(manager.data["energy_sources"][0]) if manager.data else {}

    async def test_with_the_meter(self, hass: HomeAssistant, home: Home) -> None:
        assert await async_setup_component(hass, "energy", {})
        home.show("0.30")
        async with home.running(DYNAMIC, add_to_energy=True):
            await hass.async_block_till_done()
            await async_wait_recording_done(hass)
            grid = await self.grid(hass)
            assert grid["stat_cost"] == statistic_id(home.entry, IMPORT)
            assert grid["stat_compensation"] == statistic_id(home.entry, EXPORT)
            assert (grid["entity_energy_price"], grid["number_energy_price"]) == (None, None)
            # The dashboard knows the statistics before the first quarter ends.
            issues = [issue for source in (await async_validate(hass)).as_dict()["energy_sources"] for issue in source]
            about = {each[0] for issue in issues for each in issue["affected_entities"]}
            assert not about & {grid["stat_cost"], grid["stat_compensation"]}

    async def test_later_and_only_once(self, hass: HomeAssistant, home: Home) -> None:
        assert await async_setup_component(hass, "energy", {})
        async with home.running({}, add_to_energy=True):
            assert (await self.grid(hass))["stat_cost"] is None
            for _ in range(2):
                result = await hass.config_entries.options.async_init(home.entry.entry_id)
                result = await hass.config_entries.options.async_configure(
                    result["flow_id"], {"next_step_id": "settings"}
                )
                await hass.config_entries.options.async_configure(
                    result["flow_id"], {"price": {"fixed_price": 0.3, "cost_to_energy": True}}
                )
                await hass.async_block_till_done()
                assert home.entry.state is ConfigEntryState.LOADED
                assert home.entry.options["price"] == {"fixed_price": 0.3}
            grid = await self.grid(hass)
            assert (grid["stat_cost"], grid["stat_compensation"]) == (statistic_id(home.entry, IMPORT), None)

    @pytest.mark.parametrize(
        "own",
        [
            {"stat_cost": "sensor.own_cost"},
            {"entity_energy_price": "sensor.own_price"},
            {"number_energy_price": 0.0},
        ],
    )
    async def test_what_the_user_has_set_stays(self, hass: HomeAssistant, home: Home, own: dict[str, Any]) -> None:
        assert await async_setup_component(hass, "energy", {})
        async with home.running({}, add_to_energy=True):
            manager = await async_get_manager(hass)
            await manager.async_update({"energy_sources": [{**(await self.grid(hass)), **own}]})
            before = await self.grid(hass)
            hass.config_entries.async_update_entry(
                home.entry, options={"price": {"fixed_price": 0.3, "cost_to_energy": True}}
            )
            assert await hass.config_entries.async_reload(home.entry.entry_id)
            await hass.async_block_till_done()
            assert await self.grid(hass) == before
            assert home.entry.options == {"price": {"fixed_price": 0.3}}
