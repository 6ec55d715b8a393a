"""Print what a port says: `python -m custom_components.emucs.port URL [--raw | --json]`.

From any folder, and without Home Assistant, by its path: `python …/custom_components/emucs/port URL`.
"""

import argparse
import asyncio
from decimal import Decimal
from importlib.util import module_from_spec, spec_from_file_location
import json
from pathlib import Path
import sys
from typing import Any, Final


def _load_by_path() -> str:
    """Load the package that this file is in, as Python knows of none where it is run by its path."""
    folder, name = Path(__file__).resolve().parent, "emucs_port"
    # Where Python put it, its modules would be found in place of others.
    sys.path[:] = [path for path in sys.path if Path(path).resolve() != folder]
    spec = spec_from_file_location(name, folder / "__init__.py", submodule_search_locations=[str(folder)])
    assert spec is not None  # noqa: S101 -- a file of Python's has one
    assert spec.loader is not None  # noqa: S101
    package = sys.modules[name] = module_from_spec(spec)
    spec.loader.exec_module(package)
    return name


if not __package__:
    # What relative imports go by.
    __package__, __spec__ = _load_by_path(), None

from . import Link, LinkDown, Telegram  # noqa: E402 -- of a package that is known only now
from .access import Access  # noqa: E402
from .address import url_of, without_secrets  # noqa: E402
from .names import name_of  # noqa: E402
from .opening import SerialSettings, opener_of  # noqa: E402

_NAMES_FROM: Final = 24


def _arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m custom_components.emucs.port",
        description="Print what the user port of a digital meter says, until Ctrl-C.",
    )
    parser.add_argument(
        "url", type=_url, help="a device such as /dev/ttyUSB0, host:port of a bridge, or the address of a web reader"
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--raw", action="store_true", help="print telegrams as the meter sends them, ids included")
    form.add_argument("--json", action="store_true", help="print a line of JSON a telegram")
    parser.add_argument("--count", type=int, default=0, metavar="N", help="end after N telegrams")
    parser.add_argument(
        "--token", help="of a reader that gave one; a password goes into the address: http://user:word@…"
    )
    parser.add_argument("--serial", metavar="NUMBER", help="the serial number of a HomeWizard read by https://")
    parser.add_argument("--baudrate", type=int, default=115200)
    parser.add_argument("--bytesize", type=int, choices=(7, 8), default=8)
    parser.add_argument("--parity", choices=("N", "E", "O"), default="N")
    parser.add_argument("--stopbits", type=int, choices=(1, 2), default=1)
    return parser.parse_args()


def _url(text: str) -> str:
    """Return the URL of what a user types, or say what is missing."""
    try:
        return url_of(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _json(value: object) -> Any:
    """Return what JSON has for a value that it does not know: numbers keep all their digits, as text."""
    return str(value) if isinstance(value, Decimal) else value.isoformat() if hasattr(value, "isoformat") else None


def as_dict(telegram: Telegram) -> dict[str, Any]:
    """Return a telegram as plain dictionaries."""
    return {
        "identification": telegram.identification,
        "version": telegram.version,
        "meter_id": telegram.meter_id,
        "time": telegram.time,
        "registers": {code: register._asdict() for code, register in telegram.registers.items()},
        "channels": {
            number: channel._asdict() | {"reading": channel.reading and channel.reading._asdict()}
            for number, channel in telegram.channels.items()
        },
        "demand_history": [month._asdict() for month in telegram.demand_history],
    }


def _print_text(telegram: Telegram) -> None:
    """Print a telegram for people."""
    print(f"{telegram.identification}  meter {telegram.meter_id}  version {telegram.version}  {telegram.time}")
    for code, register in telegram.registers.items():
        value = "-" if register.value is None else register.value
        shown = f"{value} {register.unit or ''} {register.time or ''}".rstrip()
        name = name_of(code, register)
        print(f"  {code:<16} {shown:<{_NAMES_FROM}}  {name}".rstrip())


async def _run(arguments: argparse.Namespace) -> None:
    """Print telegrams as they come."""
    settings = SerialSettings(
        baudrate=arguments.baudrate,
        bytesize=arguments.bytesize,
        parity=arguments.parity,
        stopbits=arguments.stopbits,
    )
    access = Access(token=arguments.token, serial=arguments.serial)
    address = without_secrets(arguments.url)
    async with Link(arguments.url, open_with=opener_of(arguments.url, settings, access)) as link:
        count = 0
        is_down = False
        async for event in link:
            if isinstance(event, LinkDown):
                is_down = True
                print(f"{address}: {event.error.reason}: {event.error}", file=sys.stderr)
                print("Trying again until telegrams come; Ctrl-C ends this.", file=sys.stderr, flush=True)
                continue
            if is_down:
                is_down = False
                print(f"{address}: telegrams come again.", file=sys.stderr, flush=True)
            if arguments.raw:
                sys.stdout.buffer.write(event.frame + b"\r\n")
            elif arguments.json:
                print(json.dumps(as_dict(event), default=_json))
            else:
                _print_text(event)
            sys.stdout.flush()
            count += 1
            if count == arguments.count:
                return


def main() -> None:
    """Run the command."""
    try:
        asyncio.run(_run(_arguments()))
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
