"""Lets the tests outside `hass/` start without Home Assistant, which takes nine seconds to import."""

from pathlib import Path
import sys
from types import ModuleType

import custom_components

COMPONENT = Path(__file__).parents[1] / "custom_components" / "emucs"

if "homeassistant" not in sys.modules:
    # Run with `-p no:homeassistant`. The pure packages lie in one whose `__init__` imports Home Assistant.
    package = ModuleType("custom_components.emucs")
    package.__path__ = [str(COMPONENT)]
    sys.modules[package.__name__] = package
    setattr(custom_components, "emucs", package)  # noqa: B010 -- as an import does; it has no such attribute yet
