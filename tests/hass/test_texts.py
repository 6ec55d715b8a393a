"""Texts name menus and buttons as Home Assistant does, and each stands once."""

from collections import defaultdict
from functools import cache
import json
from pathlib import Path
import re

import hass_frontend
import pytest

from tests.hass.test_glossary import TEXTS

# What Home Assistant calls the things that a text sends the reader to, by their keys in the frontend's translations.
_SETTINGS = "panel.config"
_REPAIRS = "ui.panel.config.repairs.caption"
_CONFIGURE = "ui.panel.config.integrations.config_entry.configure"
_RECONFIGURE = "ui.panel.config.integrations.config_entry.reconfigure"
_SUBMIT = "ui.panel.config.integrations.config_flow.submit"
LABELS = {
    "card.no_meter": (_SETTINGS, "ui.panel.config.dashboard.devices.main"),
    "config.step.serial.data_description.port": ("ui.components.selectors.serial_port.enter_manually",),
    "exceptions.export_changed_outside.message": (
        _SETTINGS,
        "ui.panel.config.dashboard.tools.main",
        "ui.panel.config.tools.tabs.statistics.title",
    ),
    "exceptions.export_record_unreadable.message": (_SETTINGS, _REPAIRS),
    "exceptions.wrong_meter.message": (_SETTINGS, _REPAIRS),
    "issues.history_unreadable.description": (_CONFIGURE,),
    "issues.port_unreachable.fix_flow.step.confirm.description": (_SUBMIT,),
    "issues.tariff_year.description": (_CONFIGURE,),
    "issues.wrong_meter.fix_flow.step.confirm.description": (_SUBMIT,),
    "issues.wrong_speed_network.description": (_RECONFIGURE,),
    "issues.wrong_speed_serial.description": (_RECONFIGURE,),
    "options.step.init.title": (_CONFIGURE,),
    "options.step.record_lost.description": (_SUBMIT,),
    "options.step.summary.description": (_CONFIGURE, _SUBMIT),
}
# Home Assistant looks texts up by step and by issue: these stand once for each, as what they say is the same.
SAME_IN_EACH = (
    (re.compile(r"^config\.step\.(?:network|serial)\.sections\."), "config.step.*.sections."),
    (re.compile(r"^config\.step\.\w+\.data_description\.host$"), "config.step.*.data_description.host"),
    (re.compile(r"^config\.step\.(?:reconfigure|user)\.menu_option"), "config.step.*.menu_option"),
    (re.compile(r"^issues\.\w+\.fix_flow\.abort\."), "issues.*.fix_flow.abort."),
    (re.compile(r"^(issues\.\w+)\.fix_flow\.step\.confirm\.title$"), r"\1.title"),
    (re.compile(r"^(issues\.\w+?)_(?:flanders|network|serial)\.title$"), r"\1.title"),
    (re.compile(r"^(?:config|options)\.error\.(price_unit)$"), r"*.error.\1"),
    (re.compile(r"^entity\.sensor\.cost_\w+\.state_attributes\."), "entity.sensor.cost_*."),
    # An event and the sensor of the same thing.
    (re.compile(r"^entity\.binary_sensor\.(\w+)\.name$"), r"entity.*.\1"),
    (re.compile(r"^entity\.event\.\w+\.state_attributes\.event_type\.state\.(\w+)$"), r"entity.*.\1"),
)
LONG = 40


@pytest.fixture(autouse=True)
def auto_enable_custom_integrations() -> None:
    """Start no Home Assistant: files need none."""


@cache
def frontend(language: str) -> dict[str, str]:
    """Return the frontend's own texts in a language, those of all its panels."""
    found: dict[str, str] = {}
    for path in Path(hass_frontend.where(), "static", "translations").rglob(f"{language}-*.json"):
        if re.fullmatch(rf"{language}-[0-9a-f]{{32}}\.json", path.name):
            found |= json.loads(path.read_text())
    return found


def place(key: str) -> str:
    """Return the key of a text, alike for texts that are bound to be the same."""
    for pattern, alike in SAME_IN_EACH:
        key = pattern.sub(alike, key)
    return key


@pytest.mark.parametrize("language", TEXTS)
def test_texts_send_to_what_home_assistant_calls_so(language: str) -> None:
    labels = frontend(language)
    wrong = {
        (key, labels[label]): TEXTS[language][key]
        for key, named in LABELS.items()
        for label in named
        if not re.search(rf"\b{re.escape(labels[label])}\b", TEXTS[language][key])
    }
    assert wrong == {}


@pytest.mark.parametrize("language", TEXTS)
def test_long_texts_stand_once(language: str) -> None:
    places: defaultdict[str, set[str]] = defaultdict(set)
    for key, text in TEXTS[language].items():
        if len(text) > LONG:
            places[text].add(place(key))
    assert [where for where in places.values() if len(where) > 1] == []
