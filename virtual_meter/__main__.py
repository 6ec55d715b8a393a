"""`python -m virtual_meter`: serve a meter, or print one telegram."""

import argparse
import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from copy import deepcopy
from datetime import UTC, datetime
import errno
from pathlib import Path
import signal
import sys

from .clock import BRUSSELS
from .fault import Fault
from .faults import explain, make_fault
from .meter import LONGEST_PERIOD, VirtualMeter
from .neighbourhood import Neighbourhood
from .profiles import PROFILES, REFUSED
from .pty_server import PtyServer
from .readers import READERS, WebReader, announced, make_reader
from .s1_faults import OF_S1
from .server import MeterServer
from .street import ORDINARY, STREETS
from .sums_file import SumsFile
from .tcp_server import TcpServer
from .variants import VARIANTS

_DEFAULT_ADDRESS = "127.0.0.1:2323"
_HIGHEST_PORT = 65_535
_MOST_HOUSEHOLDS = 1000


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not port.isdecimal() or int(port) > _HIGHEST_PORT:
        msg = f"{text} is not HOST:PORT"
        raise argparse.ArgumentTypeError(msg)
    return host.strip("[]") or "127.0.0.1", int(port)


def _street(text: str) -> int | str:
    if text in STREETS:
        return text
    if text.isdecimal() and 1 <= int(text) <= _MOST_HOUSEHOLDS:
        return int(text)
    msg = f"{text} is neither a number of households from 1 to {_MOST_HOUSEHOLDS} nor one of {', '.join(STREETS)}"
    raise argparse.ArgumentTypeError(msg)


def _time(text: str) -> datetime:
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        msg = f"{text} is not an ISO 8601 time, such as 2026-01-31T23:55"
        raise argparse.ArgumentTypeError(msg) from None
    return when if when.tzinfo else when.replace(tzinfo=BRUSSELS)


def _speed(text: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0 < speed < float("inf"):
        msg = f"{text} is not a speed above 0"
        raise argparse.ArgumentTypeError(msg)
    return speed


def _fault(text: str) -> Fault:
    try:
        return make_fault(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m virtual_meter",
        description="A Belgian digital meter made of software, on a TCP port or a serial line.",
        epilog=f"faults, several of which may be given, and which begin when the meter is served:\n{explain()}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--tcp",
        metavar="HOST:PORT",
        type=_address,
        default=_address(_DEFAULT_ADDRESS),
        help=f"serve TCP clients here (default {_DEFAULT_ADDRESS})",
    )
    where.add_argument("--pty", metavar="PATH", type=Path, help="serve a pseudo terminal, with a symbolic link here")
    where.add_argument("--once", action="store_true", help="print one telegram and end")
    parser.add_argument(
        "--s1",
        metavar="WHERE",
        help="serve its S1 port too: HOST:PORT, or a path beginning with / for a pseudo terminal",
    )
    parser.add_argument(
        "--reader",
        choices=READERS,
        metavar="NAME",
        help=f"serve it as this reader does at that address, for mqtt that of the broker: {', '.join(READERS)}",
    )
    parser.add_argument("--announce", action="store_true", help="let the reader make itself known on the network")
    profiles = (*PROFILES, *REFUSED)
    parser.add_argument("--profile", choices=profiles, default="1.7.1", metavar="NAME", help=", ".join(profiles))
    parser.add_argument(
        "--variant",
        dest="variants",
        action="append",
        choices=VARIANTS,
        default=[],
        metavar="NAME",
        help="; ".join(f"{name}: {variant.text}" for name, variant in VARIANTS.items()) + " (may be given repeatedly)",
    )
    parser.add_argument(
        "--period",
        metavar="SECONDS",
        type=int,
        help=f"from one telegram to the next, 1 to {LONGEST_PERIOD} (default: as the profile's meters do)",
    )
    parser.add_argument("--speed", metavar="N", type=_speed, default=1.0, help="simulated seconds per second")
    parser.add_argument("--start", metavar="TIME", type=_time, help="when it begins, ISO 8601, Belgian time by default")
    parser.add_argument("--seed", metavar="N", type=int, default=1, help="which household it is")
    parser.add_argument("--history-months", metavar="N", type=int, choices=range(14), default=13, help="0 to 13")
    parser.add_argument("--single-client", action="store_true", help="refuse a second TCP client, as some bridges do")
    parser.add_argument(
        "--fault",
        metavar="NAME[:ARGS]",
        type=_fault,
        action="append",
        default=[],
        dest="faults",
        help="let something go wrong; may be repeated, see below",
    )
    parser.add_argument(
        "--street",
        metavar="N",
        type=_street,
        help="serve N households, on ports from that of --tcp on, beginning with that of --seed. Which of them have "
        "panels, a car or a heat pump differs. A kind of street (see --grid) is taken too",
    )
    parser.add_argument(
        "--grid",
        choices=STREETS,
        help="; ".join(f"{name}: {street.text}" for name, street in STREETS.items()) + f" (default {ORDINARY})",
    )
    parser.add_argument(
        "--sums",
        metavar="FILE",
        type=Path,
        help="write what the households of --street N came to, each quarter-hour, as CSV in Wh",
    )
    for part in ("gas", "water", "pv", "ev", "heat-pump"):
        parser.add_argument(f"--no-{part}", action="store_false", dest=part.replace("-", "_"))
    return parser


def _meters(options: argparse.Namespace) -> Neighbourhood | VirtualMeter:
    names = ("profile", "gas", "water", "pv", "ev", "heat_pump", "history_months", "variants", "period")
    parts = {name: getattr(options, name) for name in names}
    start, street = options.start or datetime.now(UTC), options.street
    parts["street"] = options.grid or (street if isinstance(street, str) else ORDINARY)
    if isinstance(street, int):
        if options.pty or options.reader or options.announce:
            msg = "a street is served over TCP alone: leave out --pty, --reader and --announce"
            raise ValueError(msg)
        if options.tcp[1] + street - 1 > _HIGHEST_PORT:
            msg = f"{street} households need {street} ports: choose a lower one with --tcp HOST:PORT"
            raise ValueError(msg)
        return Neighbourhood(street, options.seed, start, **parts)
    if options.sums:
        msg = "--sums is of a street: say of how many households, with --street N"
        raise ValueError(msg)
    return VirtualMeter(seed=options.seed, start=start, **parts)


def _servers(options: argparse.Namespace, meters: Sequence[VirtualMeter]) -> list[MeterServer]:
    faults = [fault for fault in options.faults if fault.transport != OF_S1 or not options.s1]
    host, port = options.tcp
    if options.pty:
        return [PtyServer(meters[0], options.pty, options.speed, faults=faults)]
    if options.reader:
        return [make_reader(options.reader, meters[0], host, port, options.speed, faults=faults)]
    return [
        TcpServer(
            meter,
            host,
            port + number if port else 0,
            options.speed,
            single_client=options.single_client,
            # What a fault remembers is that of one port.
            faults=deepcopy(faults),
        )
        for number, meter in enumerate(meters)
    ]


def _samples(options: argparse.Namespace, meter: VirtualMeter) -> MeterServer:
    # It takes numpy, which nothing else here needs.
    from .s1_server import S1PtyServer, S1TcpServer  # noqa: PLC0415

    faults = [fault for fault in options.faults if fault.transport == OF_S1]
    if options.s1.startswith("/"):
        return S1PtyServer(meter, Path(options.s1), options.speed, faults=faults)
    host, port = _address(options.s1)
    return S1TcpServer(meter, host, port, options.speed, faults=faults)


class _NoS1Error(OSError):
    """The S1 port cannot be had."""


def _complaint(options: argparse.Namespace, error: OSError) -> str:
    if isinstance(error, _NoS1Error):
        return f"Cannot serve the S1 port at {options.s1}: {error.strerror}."
    if options.pty:
        return f"Cannot make a serial line at {options.pty}: {error.strerror}."
    host, port = options.tcp
    if isinstance(options.street, int) and options.street > 1:
        return f"Ports {port} to {port + options.street - 1} of {host} cannot all be had: {error.strerror or error}."
    if options.reader == "mqtt":
        return f"No broker answers at port {port} of {host}; say where it is with --tcp HOST:PORT."
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} of {host} is in use; choose another with --tcp HOST:PORT."
    return f"Cannot listen on port {port} of {host}: {error.strerror or 'it is not an address of this machine'}."


async def _serve(
    servers: Sequence[MeterServer],
    samples: MeterServer | None,
    street: Neighbourhood | None,
    options: argparse.Namespace,
) -> None:
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    async with AsyncExitStack() as stack:
        if street and options.sums:
            street.sums.witness = stack.enter_context(SumsFile(options.sums, street)).write
        if samples is not None:
            try:
                await stack.enter_async_context(samples)
            except OSError as error:
                raise _NoS1Error(*error.args) from error
            print(f"{samples.url} S1", flush=True)
        for server in servers:
            await stack.enter_async_context(server)
            if options.announce and isinstance(server, WebReader):
                await stack.enter_async_context(announced(server.host, *server.announcements()))
            print(f"{server.url} {server.meter.profile.name} {server.meter.meter_id}", flush=True)
        await ended.wait()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code, 2 when what it should serve cannot be had."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        made = _meters(options)
    except ValueError as error:
        parser.error(str(error))
    street, meters = (made, made.meters) if isinstance(made, Neighbourhood) else (None, (made,))
    if options.once:
        for meter in meters:
            sys.stdout.buffer.write(meter.telegram())
        return 0
    try:
        servers = _servers(options, meters)
        samples = _samples(options, meters[0]) if options.s1 else None
    except (ValueError, argparse.ArgumentTypeError) as error:
        print(error, file=sys.stderr)
        return 2
    try:
        asyncio.run(_serve(servers, samples, street, options))
    except OSError as error:
        print(_complaint(options, error), file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
