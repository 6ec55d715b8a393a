"""`python -m bench`: measure this project and its peers side by side."""

import argparse
from collections.abc import Sequence
from datetime import datetime
import sys
from zoneinfo import ZoneInfo

from . import garbage, grouped, hass, parser, report, scale

_GROUPS = {"parser": parser, "garbage": garbage, "hass": hass, "scale": scale, "group": grouped}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what is asked for, print it, and write it down where all of it was measured."""
    options = _options(arguments)
    rows = []
    for name in options.groups or _GROUPS:
        print(f"{name} …", file=sys.stderr)
        for row in _GROUPS[name].rows(quick=options.quick):
            print(report.table([row]).splitlines()[-1], file=sys.stderr)
            rows.append(row)
    print(report.table(rows))
    if options.write:
        # Not everyone who measures draws.
        from .plot import draw  # noqa: PLC0415

        report.write(rows, datetime.now(ZoneInfo("Europe/Brussels")).date())
        draw(rows, report.PLOT)
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    options = argparse.ArgumentParser(
        prog="bench",
        description="Measure this project and its peers side by side: about ten minutes on an idle machine.",
    )
    options.add_argument("groups", nargs="*", choices=_GROUPS, metavar="GROUP", help=", ".join(_GROUPS))
    options.add_argument("--quick", action="store_true", help="a few minutes, for less certain numbers")
    options.add_argument("--write", action="store_true", help="write docs/performance.md and its plot")
    return options.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
