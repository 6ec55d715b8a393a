"""What the energy dashboard of the installed frontend shows, by its own JavaScript."""

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
import json
from pathlib import Path
import shutil
import subprocess
from typing import Any, NamedTuple

import pytest

_SPEC = find_spec("hass_frontend")
_NODE = shutil.which("node")
needs_frontend = pytest.mark.skipif(
    _SPEC is None or _NODE is None, reason="Home Assistant's frontend or Node.js is missing"
)


class Gauges(NamedTuple):
    """The two gauges in %."""

    self_consumption: float | None
    self_sufficiency: float | None


class View(NamedTuple):
    """What the dashboard has of a period: sources of its preferences, and `change` by begin of each statistic."""

    sources: Sequence[Mapping[str, Any]]
    changes: Mapping[str, Mapping[float, float | None]]


def gauges(views: Sequence[View]) -> list[Gauges]:
    """Return what the dashboard's gauges show of each view."""
    assert _SPEC is not None
    assert _SPEC.origin is not None
    assert _NODE is not None
    cases = [
        {
            "prefs": {"energy_sources": list(view.sources)},
            "stats": {
                statistic: [{"start": start * 1000, "change": change} for start, change in changes.items()]
                for statistic, changes in view.changes.items()
            },
        }
        for view in views
    ]
    script = Path(__file__).with_suffix(".mjs")
    chunks = Path(_SPEC.origin).with_name("frontend_latest")
    answer = subprocess.run(  # noqa: S603 -- our own script
        [_NODE, str(script), str(chunks)],
        input=json.dumps(cases),
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return [Gauges(**each) for each in json.loads(answer.stdout)]
