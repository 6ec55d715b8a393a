"""`python -m virtual_meter`."""

from datetime import UTC, datetime
import os
from pathlib import Path
import signal
import socket
import subprocess
import sys
from threading import Timer

import pytest
from vm_reading import codes, values

from virtual_meter import PROFILES, REFUSED, VARIANTS, VirtualMeter
from virtual_meter.__main__ import main


def test_once_prints_one_telegram(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    arguments = ["--once", "--start", "2026-01-31T23:55", "--seed", "4", "--profile", "1.7.1-single-phase"]
    assert main([*arguments, "--no-gas", "--no-water", "--history-months", "2"]) == 0
    sys.stdout.flush()
    telegram = capfdbinary.readouterr().out
    assert values(telegram, "0-0:1.0.0") == ["260131235500W"]
    assert values(telegram, "0-0:98.1.0")[0] == "2"
    assert not [code for code in codes(telegram) if ":24." in code]
    assert VirtualMeter("1.7.1-single-phase", 4).meter_id == bytes.fromhex(values(telegram, "0-0:96.1.1")[0]).decode()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--tcp", "nowhere"], "nowhere is not HOST:PORT"),
        (["--tcp", "127.0.0.1:70000"], "is not HOST:PORT"),
        (["--start", "soon"], "soon is not an ISO 8601 time"),
        (["--speed", "0"], "0 is not a speed above 0"),
        (["--speed", "fast"], "fast is not a speed above 0"),
        (["--profile", "9"], "invalid choice"),
        (["--variant", "tidy"], "invalid choice"),
        (["--variant", "reduced-codes"], "profile 1.7.1 has no variant reduced-codes"),
        (["--period", "901"], "period is 901 s; it must be 1 to 900"),
        (["--period", "often"], "invalid int value"),
    ],
)
def test_arguments_that_make_no_sense(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("profile", [*PROFILES, *REFUSED])
def test_once_prints_any_profile(profile: str, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert main(["--once", "--start", "2026-01-31T23:55", "--profile", profile]) == 0
    sys.stdout.flush()
    expected = VirtualMeter(profile, start=datetime(2026, 1, 31, 22, 55, tzinfo=UTC)).telegram()
    assert capfdbinary.readouterr().out == expected


def test_variants_and_period(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert main(["--once", "--variant", "two-gas", "--variant", "no-checksum", "--period", "900"]) == 0
    sys.stdout.flush()
    telegram = capfdbinary.readouterr().out
    assert [values(telegram, f"0-{number}:24.1.0") for number in (1, 2, 3)] == [["003"], ["003"], ["007"]]
    assert telegram.endswith(b"!\r\n")


def test_help_lists_profiles_and_variants(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    text = " ".join(capsys.readouterr().out.split())
    assert all(f"{name}: {variant.text}" in text.replace("- ", "-") for name, variant in VARIANTS.items())
    assert all(name in text.replace("- ", "-") for name in (*PROFILES, *REFUSED))


def test_a_port_in_use(socket_enabled: None, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["--tcp", f"127.0.0.1:{port}"]) == 2
    assert capsys.readouterr().err == f"Port {port} of 127.0.0.1 is in use; choose another with --tcp HOST:PORT.\n"


def test_a_path_that_cannot_be(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--pty", str(tmp_path / "none" / "meter")]) == 2
    assert "No such file or directory." in capsys.readouterr().err


def test_serves_until_it_is_interrupted(socket_enabled: None, capsys: pytest.CaptureFixture[str]) -> None:
    timer = Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    assert main(["--tcp", "127.0.0.1:0", "--single-client", "--seed", "7", "--speed", "10"]) == 0
    timer.join()
    served = capsys.readouterr().out.split()
    assert served[0].startswith("socket://127.0.0.1:")
    assert served[1:] == ["1.7.1", VirtualMeter(seed=7).meter_id]


def test_sigterm_ends_the_command_cleanly(tmp_path: Path) -> None:
    path = tmp_path / "meter"
    command = [sys.executable, "-m", "virtual_meter", "--pty", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:  # noqa: S603
        assert process.stdout
        assert process.stderr
        assert process.stdout.readline().startswith(str(path))
        process.terminate()
        assert process.wait(5) == 0
        assert process.stderr.read() == ""
    assert not path.is_symlink()
