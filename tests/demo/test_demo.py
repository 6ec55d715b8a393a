"""`python -m demo`, as somebody would run it."""

from collections.abc import Iterator
from itertools import pairwise
import json
from pathlib import Path
import re
import signal
import socket
import sqlite3
import time

import pytest

from tests.demo.demo_process import processes_of, read_until, running

HOUR, FIVE_MINUTES = 3600, 300

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the state folder that all starts of this module share."""
    return tmp_path_factory.mktemp("demo") / "state"


@pytest.fixture(scope="module")
def first(state: Path) -> str:
    """Return what the first start prints; it sets up, and stops."""
    with running(state, "--once") as process:
        output, _ = process.communicate(timeout=300)
    assert process.returncode == 0, output
    return output


@pytest.fixture(scope="module")
def database(state: Path, first: str) -> Iterator[sqlite3.Connection]:
    """Return what the recorder has written."""
    path = state / "virtual" / "config" / "home-assistant_v2.db"
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    yield connection
    connection.close()


def sums(database: sqlite3.Connection, table: str, entity_id: str) -> list[tuple[float, float, float]]:
    """Return start, state and sum of a counter."""
    query = f"SELECT start_ts, state, sum FROM {table} JOIN statistics_meta AS meta ON meta.id = metadata_id "  # noqa: S608
    return database.execute(query + "WHERE statistic_id = ? ORDER BY start_ts", (entity_id,)).fetchall()


def counters(state: Path) -> dict[str, str]:
    """Return the entity ids of the counters on the energy dashboard, by what they count."""
    energy = json.loads((state / "virtual" / "config" / ".storage" / "energy").read_text())
    found = {}
    for source in energy["data"]["energy_sources"]:
        for name in ("stat_energy_from", "stat_energy_to", "stat_rate"):
            if source.get(name):
                found[f"{source['type']} {name}"] = source[name]
    return found


def value(output: str, key: str) -> float:
    """Return a printed value."""
    match = re.search(rf"^ *{key} +(-?[\d.]+) ", output, re.MULTILINE)
    assert match, output
    return float(match[1])


def test_prints_the_address_the_login_and_the_values(first: str) -> None:
    assert re.search(r"http://127\.0\.0\.1:\d+/energy", first)
    assert re.search(r"login +demo / \w{8}", first)
    for key in ("power", "voltage_l1", "energy_import", "energy_export", "gas", "water"):
        value(first, key)


def test_says_first_where_the_dashboard_is_and_last_what_to_look_at(first: str) -> None:
    addresses = re.findall(r"http://\S+", first)
    assert addresses[0].endswith("/digital-meter")
    last = first.rstrip().splitlines()[-1]
    assert re.fullmatch(r"Look at: Grid \(noon of .+ above 253 V\), Peak \([\d.]+ kW\), Meter \(leak\)\.", last)
    assert len(last) < 80


def test_what_happened_is_known(database: sqlite3.Connection) -> None:
    query = (
        "SELECT state FROM states JOIN states_meta AS meta USING (metadata_id) "
        "WHERE meta.entity_id = ? ORDER BY last_updated_ts DESC, state_id DESC LIMIT 1"
    )
    for entity_id, expected in (
        ("sensor.grid_connection_voltage_quality", "outside"),
        ("binary_sensor.water_meter_leak", "on"),
        ("binary_sensor.gas_meter_leak", "off"),
    ):
        assert database.execute(query, (entity_id,)).fetchone() == (expected,), entity_id
    for entity_id in ("sensor.household_base_load", "sensor.household_recurring_peak", "sensor.household_time_band"):
        (state,) = database.execute(query, (entity_id,)).fetchone()
        assert state not in ("unknown", "unavailable"), entity_id


def test_the_voltages_of_the_day_are_there(database: sqlite3.Connection, first: str) -> None:
    query = (
        "SELECT max(CAST(state AS REAL)), max(last_updated_ts) - min(last_updated_ts) "
        "FROM states JOIN states_meta AS meta USING (metadata_id) WHERE meta.entity_id = ?"
    )
    highest, lasts = database.execute(query, ("sensor.grid_connection_10_minute_voltage_l1",)).fetchone()
    assert highest > 253
    assert lasts > 24 * HOUR


def test_home_assistant_opens_on_the_dashboard(state: Path, first: str) -> None:
    [users] = (state / "virtual" / "config" / ".storage").glob("frontend.user_data_*")
    assert json.loads(users.read_text())["data"]["core"]["default_panel"] == "digital-meter"


def test_leaves_nothing_running(state: Path, first: str) -> None:
    assert processes_of(state) == []


def test_the_energy_dashboard_has_every_meter(state: Path, first: str) -> None:
    expected = {"grid stat_energy_from", "grid stat_energy_to", "grid stat_rate"}
    expected |= {"solar stat_energy_from", "solar stat_rate"}
    assert expected | {"gas stat_energy_from", "water stat_energy_from"} <= set(counters(state))


@pytest.mark.parametrize(
    "name", ["grid stat_energy_from", "grid stat_energy_to", "gas stat_energy_from", "solar stat_energy_from"]
)
def test_there_are_30_days_of_history(state: Path, database: sqlite3.Connection, name: str) -> None:
    rows = sums(database, "statistics", counters(state)[name])
    assert len(rows) >= 30 * 24
    changes = [later[2] - earlier[2] for earlier, later in pairwise(rows)]
    assert all(later[0] - earlier[0] == HOUR for earlier, later in pairwise(rows))
    # No hour runs backwards or beyond what the house can take, and the first one is an hour like all others.
    assert all(0 <= change < 20 for change in [rows[0][2], *changes])
    assert sum(changes) > 10


@pytest.mark.parametrize("name", ["grid stat_energy_from", "grid stat_energy_to", "gas stat_energy_from"])
def test_the_live_sum_begins_where_the_history_ends(
    state: Path, first: str, database: sqlite3.Connection, name: str
) -> None:
    entity_id = counters(state)[name]
    history, live = sums(database, "statistics", entity_id), sums(database, "statistics_short_term", entity_id)
    # The recorder builds on its newest five minutes: those begin with the sum of the last hour before them.
    last = next(row for row in reversed(history) if row[0] <= live[0][0])
    assert live[0][2] == pytest.approx(last[2])
    assert 0 <= live[0][0] + FIVE_MINUTES - last[0] - HOUR < HOUR
    # From there on a sum is its counter less a constant.
    zero = live[0][1] - live[0][2]
    assert all(row[1] - row[2] == pytest.approx(zero) for row in live)
    key = {"grid stat_energy_from": "energy_import", "grid stat_energy_to": "energy_export"}.get(name, "gas")
    assert 0 <= value(first, key) - live[0][1] < 20


def test_the_live_solar_sum_goes_on_from_the_history(state: Path, database: sqlite3.Connection) -> None:
    entity_id = counters(state)["solar stat_energy_from"]
    *_, (_, energy, total) = sums(database, "statistics", entity_id)
    (_, live_energy, live_total), *_ = sums(database, "statistics_short_term", entity_id)
    query = "SELECT state FROM states JOIN states_meta AS meta USING (metadata_id) WHERE meta.entity_id = ?"
    values = [state for (state,) in database.execute(query, (entity_id,)) if state not in ("unknown", "unavailable")]
    assert live_energy == pytest.approx(float(values[0]))
    assert live_energy - live_total == pytest.approx(energy - total)


def test_the_charts_show_the_day_before(database: sqlite3.Connection, first: str) -> None:
    query = (
        "SELECT last_updated_ts, state FROM states JOIN states_meta AS meta USING (metadata_id) "
        "WHERE meta.entity_id = ? ORDER BY last_updated_ts"
    )
    for name in ("power", "power_l1", "power_l2", "power_l3"):
        rows = database.execute(query, (f"sensor.electricity_meter_{name}",)).fetchall()
        times = [time for time, _ in rows]
        assert times[-1] - times[0] > 24 * HOUR
        # No gap but that of the start.
        assert max(later - earlier for earlier, later in pairwise(times)) < FIVE_MINUTES
    every_five = [start for start, *_ in sums(database, "statistics_short_term", "sensor.solar_power")]
    assert len(every_five) >= 24 * 12
    assert {later - earlier for earlier, later in pairwise(every_five)} == {FIVE_MINUTES}


def test_the_household_is_one_that_people_recognise(first: str, database: sqlite3.Connection) -> None:
    # A month that has just begun has seen little yet.
    assert value(first, "month_peak") < 7
    query = "SELECT state FROM states JOIN states_meta AS meta USING (metadata_id) WHERE meta.entity_id = ?"
    for entity_id, low, high in (
        ("sensor.capacity_tariff_average_monthly_peak", 4, 6),
        ("sensor.capacity_tariff_cost_per_year", 200, 400),
        ("number.capacity_tariff_peak_target", 6, 6),
        ("sensor.grid_connection_headroom", 10, 45),
    ):
        states = [state for (state,) in database.execute(query, (entity_id,))]
        assert low <= float(states[-1]) <= high, entity_id


def test_the_power_has_a_history(state: Path, database: sqlite3.Connection) -> None:
    query = (
        "SELECT min(mean), max(mean), count(*) FROM statistics JOIN statistics_meta AS meta ON meta.id = metadata_id"
    )
    power = counters(state)["grid stat_rate"]
    low, high, count = database.execute(f"{query} WHERE statistic_id = ?", (power,)).fetchone()
    assert count >= 30 * 24
    # W, and not kW; at night the house draws, at noon the roof gives.
    assert low < 100
    assert 1000 < high < 20000


def test_a_second_start_goes_on_until_ctrl_c(state: Path, first: str) -> None:
    with running(state) as process:
        second = read_until(process, "water")
        assert 0 <= value(second, "energy_import") - value(first, "energy_import") < 5
        assert re.findall("login.*", second) == re.findall("login.*", first)
        assert len(processes_of(state)) > 1
        with running(state, "--fresh") as third:
            output, _ = third.communicate(timeout=120)
        assert output.startswith("This demo runs already: ")
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=120)
    assert process.returncode == 0
    assert processes_of(state) == []


def test_a_stop_in_the_middle_of_a_start_stops_everything(tmp_path: Path) -> None:
    with running(tmp_path) as process:
        read_until(process, "Starting Home Assistant")
        deadline = time.monotonic() + 30
        while len(processes_of(tmp_path)) < 2 and time.monotonic() < deadline:
            time.sleep(0.1)
        process.terminate()
        output, _ = process.communicate(timeout=120)
    assert process.returncode == 0, output
    assert processes_of(tmp_path) == []


def test_says_that_the_port_is_in_use(tmp_path: Path, socket_enabled: None) -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        with running(tmp_path, "--once", "--http-port", str(port)) as process:
            output, _ = process.communicate(timeout=120)
    assert process.returncode == 1
    assert output.splitlines()[-1] == f"Port {port} is in use: choose another one with --http-port."


def test_says_why_a_real_meter_is_not_there(tmp_path: Path, socket_enabled: None) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    with running(tmp_path, "--once", "--port", f"socket://127.0.0.1:{port}") as process:
        output, _ = process.communicate(timeout=200)
    assert process.returncode == 1
    assert f"The meter at socket://127.0.0.1:{port} was not added: " in output
    # In the words of the integration, complete.
    assert "{" not in output
    assert "Living" not in output
    assert processes_of(tmp_path) == []
