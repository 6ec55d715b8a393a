"""The backtests of the forecast, and of an alarm that knows what is usual."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest

from bench import alarms, backtest, forecasting, slots
from bench.forecasting import House, judge, loaded, notes, table
from custom_components.emucs.insight.quarters import EXPORT, IMPORT, QUARTERS_A_DAY, local_begin
from tests.insight.quarterly import slot

FIRST = slot("2026-01-01T00:00")
HEAD = "EAN-code;Meter;Van (datum);Van (tijdstip);Tot (datum);Tot (tijdstip);Register;Volume;Eenheid;Validatiestatus"


def house(days: int, *, noise: float = 0.5) -> House:
    """Return a house that cooks at seven, more or less, and exports nothing."""
    random = Random(3)  # noqa: S311 -- an invented house
    slots = range(FIRST, FIRST + days * QUARTERS_A_DAY)
    load = {each: 0.3 + (local_begin(each).hour == 19) * 2 + random.random() * noise for each in slots}
    return House("a house", (load, dict.fromkeys(slots, 0.0)))


def test_methods_are_judged_by_what_was_known() -> None:
    judged = judge(house(40), IMPORT)
    assert judged is not None
    assert judged.count == 12 * QUARTERS_A_DAY
    mae = {name: errors.absolute / errors.count for name, errors in judged.errors.items()}
    # The error of a mean is that of noise, that of a copy is of two of them.
    assert mae["weighted 28 days"] == pytest.approx(0.125, rel=0.1)
    assert mae["yesterday"] == pytest.approx(0.167, rel=0.1)
    assert mae["mean of 7 days"] < mae["a week ago"]
    assert list(notes([judged])) == []
    assert judged.shown.count == judged.count
    assert 0.8 < judged.inside / judged.count < 0.95


def test_where_nothing_flows_or_little_is_known_nothing_is_judged() -> None:
    assert judge(house(40), EXPORT) is None
    assert judge(house(28), IMPORT) is None
    assert judge(House("empty", ({}, {})), IMPORT) is None


def test_the_table_and_what_is_wrong() -> None:
    judged = judge(house(32), IMPORT)
    assert judged is not None
    head, line, row = table([judged])
    assert len({text.count("|") for text in (head, line, row)}) == 1
    assert row.startswith("| a house | import | 0.63 | ")
    assert " | 1.00 / " in row
    judged.errors["weighted 28 days"].absolute *= 9
    assert list(notes([judged])) == [
        "a house, import: weighted 28 days is worse than yesterday",
        "a house, import: weighted 28 days is worse than a week ago",
    ]


def export(path: Path, days: int) -> Path:
    """Write an export of a house."""
    load, _ = house(days).flows
    rows = [HEAD]
    for each, mean in load.items():
        begin, end = local_begin(each), local_begin(each + 1)
        volume = f"{mean / 4:.3f}".replace(".", ",")
        rows.append(
            f'="541448800000000000";1SAG3199999999;{begin:%d-%m-%Y;%H:%M:%S};{end:%d-%m-%Y;%H:%M:%S};'
            f"Afname Dag;{volume};kWh;Gevalideerd"
        )
    path.write_text("\r\n".join(rows))
    return path


def test_an_export_is_judged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = export(tmp_path / "home.csv", 33)
    [read] = loaded(path)
    assert read.name == "home.csv, 1"
    assert len(read.flows[IMPORT]) == 33 * QUARTERS_A_DAY
    assert read.flows[IMPORT][FIRST] == pytest.approx(house(33).flows[IMPORT][FIRST], abs=0.002)
    assert backtest.main(["--load", str(path)]) == 0
    assert "| home.csv, 1 | import | 0.63 |" in capsys.readouterr().out


def test_what_is_no_export_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "other.csv").write_text("a;b\n1;2\n")
    assert backtest.main(["--load", str(tmp_path / "other.csv")]) == 1
    assert "other.csv" in capsys.readouterr().out
    assert backtest.main(["--load", str(export(tmp_path / "short.csv", 2))]) == 1
    assert "not more than 28 days" in capsys.readouterr().out


def test_households_are_judged_and_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "proof.md"
    page.write_text(before := forecasting.PROOF.read_text())
    monkeypatch.setattr(forecasting, "PROOF", page)
    monkeypatch.setattr(backtest, "HOMES", backtest.HOMES[2:3])
    # Processes talk through sockets, which tests may not.
    monkeypatch.setattr(forecasting, "ProcessPoolExecutor", ThreadPoolExecutor)
    backtest.main(["--forecast", "--days", "31", "--write"])
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("| PV")]
    assert len(lines) == 2
    text = page.read_text()
    assert all(line in text for line in lines)
    assert text.partition("## Forecast")[0] == before.partition("## Forecast")[0]
    assert text.partition("## Outages")[2] == before.partition("## Outages")[2]


def test_an_alarm_that_knows_what_is_usual(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "proof.md"
    page.write_text(alarms.PROOF.read_text())
    monkeypatch.setattr(alarms, "PROOF", page)
    monkeypatch.setattr(alarms, "LEARNED", 1)
    monkeypatch.setattr(backtest, "HOMES", backtest.HOMES[3:])
    monkeypatch.setattr(alarms, "ProcessPoolExecutor", ThreadPoolExecutor)
    assert backtest.main(["--alarm", "--days", "2", "--write"]) == 0
    head, _, row = capsys.readouterr().out.splitlines()
    assert row in page.read_text()
    assert row.startswith("| apartment; no PV | 2.5 kW | ")
    assert head.count("|") == row.count("|")


def test_nothing_is_judged_while_it_learns() -> None:
    home = backtest.HOMES[0]
    life = alarms.Life(home.name, home.profile, home.options, Decimal("2.5"), 4, 1)
    outcome = alarms.live(life)
    # A share of 1 is the alarm that users have.
    assert [each.share for each in outcome.tried] == [*alarms.SHARES, alarms.DAMPED]
    assert alarms.SHARES[0] == 1
    assert outcome.over == 0
    assert all(each.false == each.missed == 0 for each in outcome.tried)


def test_a_machine_that_is_added_to_a_house(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "proof.md"
    page.write_text(slots.PROOF.read_text())
    monkeypatch.setattr(slots, "PROOF", page)
    monkeypatch.setattr(slots, "LEARNED", 8)
    monkeypatch.setattr(backtest, "HOMES", backtest.HOMES[3:])
    monkeypatch.setattr(slots, "ProcessPoolExecutor", ThreadPoolExecutor)
    assert backtest.main(["--slots", "--days", "12", "--write"]) == 0
    head, _, *rows = capsys.readouterr().out.splitlines()
    assert [row.split("|")[3:5] for row in rows] == [[" 10:00 to 19:00 ", " 4 "], [" 20:00 to 7:00 ", " 4 "]]
    assert all(row in page.read_text() for row in rows)
    assert head.count("|") == rows[0].count("|")


def test_a_machine_fits_where_the_house_leaves_room() -> None:
    # Each evening the house comes to the target by itself.
    load = {each: 2.4 if local_begin(each).hour == 20 else 0.3 + each % 7 / 100 for each in range(FIRST, FIRST + 3840)}
    morning, evening = slots.judge(House("a house", (load, {})), 2.5)
    assert (evening.at_once.as_asked, evening.at_once.programme) == (0, 0)
    assert evening.found.as_asked == evening.found.programme == evening.found.tried == evening.asked > 0
    assert morning.at_once.as_asked == morning.found.as_asked == morning.asked
    assert str(evening.found) == "100% / 100%"
    assert str(slots.Share()) == "-"


def test_a_machine_in_an_export(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert backtest.main(["--slots", "--load", str(export(tmp_path / "home.csv", 31))]) == 0
    assert "| home.csv, 1 | 2.5 kW | 20:00 to 7:00 | 3 | " in capsys.readouterr().out
    assert backtest.main(["--slots", "--load", str(export(tmp_path / "short.csv", 5))]) == 1
    assert "not more than 28 days" in capsys.readouterr().out
    (tmp_path / "none.csv").write_text("nothing")
    assert backtest.main(["--slots", "--load", str(tmp_path / "none.csv")]) == 1
