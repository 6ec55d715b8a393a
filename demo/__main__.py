"""`python -m demo`: a virtual household and a Home Assistant that shows it; or Home Assistant on a real meter."""

import argparse
import asyncio
from pathlib import Path
import sys

from harness.errors import HarnessError
from harness.signals import until_stopped

from .app import STATE, App, Options
from .solar import LANGUAGES


def parse(arguments: list[str] | None = None) -> Options:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="demo",
        description="Start a real Home Assistant with the integration and a virtual household; Ctrl-C stops both.",
    )
    parser.add_argument(
        "--port",
        metavar="URL",
        help="read a real meter instead: /dev/ttyUSB0, socket://host:port or any other address of serialx",
    )
    parser.add_argument(
        "--http-port", type=int, metavar="N", help="port of Home Assistant (8123, or the next free one)"
    )
    parser.add_argument("--language", choices=LANGUAGES, help="of Home Assistant (en, or that of the last start)")
    parser.add_argument("--state", type=Path, default=STATE, metavar="DIR", help="what is kept from start to start")
    parser.add_argument("--fresh", action="store_true", help="forget what an earlier start has left")
    parser.add_argument("--once", action="store_true", help="set everything up, print the values, and stop")
    return Options(**vars(parser.parse_args(arguments)))


def main() -> int:
    """Run until stopped, and return the exit code."""
    options = parse()
    try:
        return asyncio.run(until_stopped(App(options).run()))
    except HarnessError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
