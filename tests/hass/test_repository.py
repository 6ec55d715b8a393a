"""Texts, translations and icons agree with the code."""

import ast
from collections.abc import Iterator
from decimal import Decimal
import itertools
import json
from pathlib import Path
import re
from typing import Any

from homeassistant.components.sensor import SensorEntityDescription
from homeassistant.const import Platform
import pytest
import yaml

from custom_components.emucs import PLATFORMS, issues, metering_point, texts
from custom_components.emucs.config_flow import EmucsConfigFlow
from custom_components.emucs.devices import (
    SERVICES,
    electricity_meter_device,
    group_device,
    mbus_meter_device,
    metering_point_device,
    service_device,
)
from custom_components.emucs.entities import ROWS
from custom_components.emucs.entities.group import rest_rows
from custom_components.emucs.entities.mbus import meter_rows
from custom_components.emucs.entities.registers import register_row
from custom_components.emucs.entities.rows import Row
from custom_components.emucs.entities.sharing import share_row
from custom_components.emucs.exports import REASONS as EXPORT_REASONS
from custom_components.emucs.flow.makes import Make
from custom_components.emucs.group_options import GroupOptionsFlow
from custom_components.emucs.history import flow as flow_module
from custom_components.emucs.history.flow import HistorySteps
from custom_components.emucs.insight.mbus import Medium
from custom_components.emucs.insight.mbus_readings import MbusReading
from custom_components.emucs.kinds import EntryKind
from custom_components.emucs.options_flow import EmucsOptionsFlow
from custom_components.emucs.port import CannotConnect, Channel, NoData, PortError, Reader, Register
from custom_components.emucs.port.address import SILENT_SERVICES
from custom_components.emucs.port.errors import Cause
from custom_components.emucs.port_watch import WrongMeter
from custom_components.emucs.sharing_form import SharingSteps
from virtual_meter import VirtualMeter

ROOT = Path(__file__).parents[2]
COMPONENT = ROOT / "custom_components" / "emucs"
LANGUAGES = sorted((COMPONENT / "translations").glob("*.json"))

# Helpers of Home Assistant's flows that abort with a reason of their own.
ABORTING_HELPERS = {
    "_abort_if_unique_id_configured": {"already_configured"},
    "_async_abort_entries_match": {"already_configured"},
    "async_update_reload_and_abort": {"reauth_successful", "reconfigure_successful"},
}
# A port is that of a cable, or of a bridge.
CONNECTIONS = (texts.connection_of("/dev/ttyUSB0"), texts.connection_of("socket://192.168.1.20:8088"))
# hassfest's notion of an address, in which socket:// is one too.
ADDRESS = re.compile(r"(?:(?:https?|ftp|socket|tcp|rfc2217)://|www\.)[\w{]", re.IGNORECASE)
PLACEHOLDER = re.compile(r"\{(\w+)\}")


@pytest.fixture(autouse=True)
def auto_enable_custom_integrations() -> None:
    """Start no Home Assistant: files need none."""


def read_json(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text())
    return content


def leaves(tree: object, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield every text of a tree with where it is."""
    if isinstance(tree, dict):
        for key, branch in tree.items():
            yield from leaves(branch, (*path, key))
    else:
        assert isinstance(tree, str), path
        yield path, tree


MANIFEST = read_json(COMPONENT / "manifest.json")
ICONS = read_json(COMPONENT / "icons.json")
ENGLISH = read_json(COMPONENT / "translations" / "en.json")


def calls(*paths: Path) -> Iterator[tuple[str, ast.Call, dict[str, ast.expr]]]:
    """Yield every call in some modules: the function's own name, the call, and its keyword arguments."""
    for path in paths or sorted(COMPONENT.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "attr", None) or getattr(node.func, "id", "")
                yield name, node, {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg}


def literal(node: ast.expr | None) -> set[str]:
    """Return the text of a literal, if it is one."""
    return {node.value} if isinstance(node, ast.Constant) and isinstance(node.value, str) else set()


def problems() -> Iterator[str]:
    """Yield the names of the texts for all that can be wrong with a port, a cable and a bridge apart."""
    found = {"wrong_meter", CannotConnect.reason, *(f"{CannotConnect.reason}_{cause}" for cause in Cause)}
    found |= {error().problem for error in errors_of(PortError) if error is not WrongMeter}
    found |= {f"{NoData.reason}_{service}" for service in (*SILENT_SERVICES.values(), "reader")}
    assert found >= texts.BY_CONNECTION
    for problem in found:
        if problem in texts.BY_CONNECTION:
            yield from (f"{problem}_{connection}" for connection in CONNECTIONS)
        else:
            yield problem


def errors_of(error: type[PortError]) -> Iterator[type[PortError]]:
    """Yield all errors of the integration that derive from an error."""
    for derived in error.__subclasses__():
        if derived.__module__.startswith("custom_components."):
            yield derived
        yield from errors_of(derived)


def rows(platform: Platform) -> list[Row]:
    """Return all rows of a platform, those of each kind of M-Bus meter among them."""
    reading = Register(Decimal(1), "kWh")
    meters = [MbusReading(medium, Channel(reading=reading), None, is_present=True) for medium in Medium]
    mbus = [row for meter in meters for row in meter_rows("", meter)]
    members = (*rest_rows(1, "", "House 1"), share_row(1, "", "House 1"))
    return [row for row in (*ROWS, *mbus, *members) if row.platform is platform]


def translation_keys(platform: Platform) -> set[str]:
    """Return the translation keys that the rows of a platform name."""
    keys = {row.translation_key for row in rows(platform)}
    if platform is Platform.SENSOR:
        keys |= unlisted_names().keys() | {description.key for description in metering_point.SENSORS}
    return {key for key in keys if key is not None}


def unlisted_names() -> dict[str, SensorEntityDescription]:
    """Return the sensors of registers without a row in the table, one for each translation key."""
    units = (None, "kWh", "kW", "kvarh", "kvar", "kVAh", "kVA", "V", "A", "Hz")
    groups = itertools.product(("1-0", "0-0"), range(100), (*range(40), 99), (0, 1, 9, 21), units)
    sensors = (register_row(f"{ab}:{c}.{d}.{e}", Register(Decimal(1), unit)) for ab, c, d, e, unit in groups)
    return {str(sensor.translation_key): sensor for sensor in sensors}


def reasons(error: type[PortError]) -> Iterator[str]:
    """Yield the reasons of an error and of all errors of the integration that derive from it."""
    if "reason" in vars(error) and error.__module__.startswith("custom_components."):
        yield error.reason
    for derived in error.__subclasses__():
        yield from reasons(derived)


@pytest.mark.parametrize("path", LANGUAGES, ids=lambda path: path.stem)
def test_languages_say_the_same_with_the_same_placeholders(path: Path) -> None:
    english, other = dict(leaves(ENGLISH)), dict(leaves(read_json(path)))
    assert english.keys() == other.keys()
    for key, text in english.items():
        assert sorted(PLACEHOLDER.findall(text)) == sorted(PLACEHOLDER.findall(other[key])), key


@pytest.mark.parametrize("path", LANGUAGES, ids=lambda path: path.stem)
def test_languages_are_sorted(path: Path) -> None:
    text = json.dumps(read_json(path), ensure_ascii=False, indent=2, sort_keys=True)
    assert path.read_text() == f"{text}\n"


@pytest.mark.parametrize("path", LANGUAGES, ids=lambda path: path.stem)
def test_texts_are_as_home_assistant_wants_them(path: Path) -> None:
    for key, text in leaves(read_json(path)):
        assert all(re.fullmatch(r"[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?", part) for part in key), key
        assert text, key
        assert text == text.strip(), key
        assert "[%key" not in text, key
        assert not ADDRESS.search(text), key
        # An apostrophe there makes the frontend show the placeholder as it is written.
        assert not re.search(r"'[{}]", text), key


def test_every_field_is_described() -> None:
    steps = [*ENGLISH["config"]["step"].values(), *ENGLISH["options"]["step"].values()]
    forms = [form for step in steps for form in (step, *step.get("sections", {}).values())]
    assert any("data" in form for form in forms)
    for form in forms:
        assert form.get("data", {}).keys() == form.get("data_description", {}).keys()


def test_entity_translations_and_platforms_are_the_same() -> None:
    assert {str(platform) for platform in PLATFORMS} == ENGLISH["entity"].keys()
    assert all((COMPONENT / f"{platform}.py").is_file() for platform in PLATFORMS)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_entity_has_a_name_and_every_name_an_entity(platform: Platform) -> None:
    names = ENGLISH["entity"][platform]
    assert translation_keys(platform) == names.keys()
    assert all("name" in texts for texts in names.values())
    unlisted = unlisted_names().values() if platform is Platform.SENSOR else ()
    for description in (*rows(platform), *unlisted):
        assert description.translation_key is not None, description.key
        placeholders = PLACEHOLDER.findall(names[description.translation_key]["name"])
        assert set(placeholders) == set(description.translation_placeholders or ()), description.key


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_state_has_a_text_and_every_text_a_state(platform: Platform) -> None:
    for description in rows(platform):
        assert description.translation_key is not None, description.key
        texts = ENGLISH["entity"][platform][description.translation_key]
        assert set(getattr(description, "options", None) or ()) == texts.get("state", {}).keys(), description.key
        events = texts.get("state_attributes", {}).get("event_type", {}).get("state", {})
        assert set(getattr(description, "event_types", None) or ()) == events.keys(), description.key


def test_icons_are_those_of_entities_and_states_that_exist() -> None:
    for platform, icons in ICONS["entity"].items():
        for key, icon in icons.items():
            states = {"on", "off"} if platform == "binary_sensor" else set()
            states |= ENGLISH["entity"][platform][key].get("state", {}).keys()
            assert icon.get("state", {}).keys() <= states, key
    for key, icon in leaves(ICONS):
        assert icon.startswith("mdi:"), key
    assert ICONS["entity"].keys() <= ENGLISH["entity"].keys()


def test_every_device_has_a_name_and_every_name_a_device() -> None:
    [telegram] = Reader().feed(VirtualMeter(profile="1.7.1").telegram())
    devices = [electricity_meter_device(telegram, "1SAG3100000000")]
    devices.append(group_device("group_1"))
    devices += [mbus_meter_device(medium, "7FLO2100000000", None, "") for medium in Medium]
    devices += [service_device("1SAG3100000000", subject, "") for subject in SERVICES]
    devices.append(metering_point_device("541400000000000011"))
    assert {device.get("translation_key") for device in devices} == ENGLISH["device"].keys()


def test_every_service_has_rows_and_every_subject_a_service_that_exists() -> None:
    assert {row.service for row in ROWS if row.service is not None} == SERVICES.keys()


CONFIG_FLOW = (COMPONENT / "config_flow.py", *sorted((COMPONENT / "flow").glob("*.py")))
OPTIONS_FLOW = (COMPONENT / "options_flow.py", COMPONENT / "group_options.py")
FLOWS = (*CONFIG_FLOW, *OPTIONS_FLOW)
# Parts of menus that are not always there.
SOMETIMES: dict[str, set[str]] = {
    "found": {"found"},
    "imports": {"metering_point"},
    "makes": {*Make},
    "settings": {"settings"},
}


def test_every_step_of_the_import_has_a_text_and_every_text_a_step() -> None:
    texts = ENGLISH["options"]
    flows = (HistorySteps, EmucsOptionsFlow, GroupOptionsFlow, SharingSteps)
    steps = {
        name.removeprefix("async_step_") for flow in flows for name in vars(flow) if name.startswith("async_step_")
    }
    # What only works shows its progress; the last steps say what was done.
    assert steps == texts["step"].keys() | texts["progress"].keys() | {"imported", "undone"}
    assert flow_module.DETAIL == "detail"
    aborts = {
        reason
        for name, _, keywords in calls(COMPONENT / "history" / "flow.py")
        if name == "async_abort"
        for reason in literal(keywords["reason"]) or {flow_module.DETAIL}
    }
    assert aborts == texts["abort"].keys()


_GOING_ON = {"answer", "integration_discovery", "pressed", "reauth", "usb", "zeroconf"}


def test_every_step_has_a_text_and_every_text_a_step() -> None:
    flows = [flow for flow in EmucsConfigFlow.__mro__ if flow.__module__.startswith("custom_components.")]
    steps = {
        name.removeprefix("async_step_") for flow in flows for name in vars(flow) if name.startswith("async_step_")
    }
    assert steps
    # Some only go on: with what was heard or answered while progress was shown, or with what Home Assistant noticed.
    assert steps - _GOING_ON == ENGLISH["config"]["step"].keys()


def test_every_choice_of_a_menu_has_a_text() -> None:
    menus = [(flow, keywords) for flow in FLOWS for name, _, keywords in calls(flow) if name == "async_show_menu"]
    assert {literal(menu["step_id"]).pop() for _, menu in menus} == {
        *("init", "group", "reconfigure", "user", "reader", "no_proxy", "without_raw")
    }
    for flow, menu in menus:
        [step] = literal(menu["step_id"])
        choices = menu["menu_options"]
        assert isinstance(choices, ast.List)
        options: set[str] = set()
        for choice in choices.elts:
            options |= SOMETIMES[ast.unparse(choice.value)] if isinstance(choice, ast.Starred) else literal(choice)
        steps = ENGLISH["options" if flow in OPTIONS_FLOW else "config"]["step"]
        assert options == steps[step]["menu_options"].keys()
        assert options == steps[step]["menu_option_descriptions"].keys()


# What is wrong with what was filled in, and not with the port.
OF_FORMS = {"breaker", "ean_check_digit", "ean_digits", "ean_is_read"}
OF_FORMS |= {"few_members", "is_member", "no_counter", "price_unit", "same_entity"}


def test_every_error_of_the_flow_has_a_text_and_every_text_an_error() -> None:
    of_the_port = {reason for reason in reasons(PortError) if reason != "wrong_meter"}
    assert "cannot_connect" in of_the_port
    assert of_the_port | OF_FORMS == ENGLISH["config"]["error"].keys()


def test_errors_of_flows_show_the_texts_of_exceptions() -> None:
    assert {text for key, text in ENGLISH["config"]["error"].items() if key not in OF_FORMS} == {"{detail}"}
    assert ENGLISH["options"]["error"]["detail"] == ENGLISH["options"]["abort"]["detail"] == "{detail}"


def test_every_abort_has_a_text_and_every_text_an_abort() -> None:
    used: set[str] = set()
    for name, _, keywords in calls(*CONFIG_FLOW):
        used |= ABORTING_HELPERS.get(name, set())
        used |= literal(keywords.get("reason"))
    assert used == ENGLISH["config"]["abort"].keys()


def test_every_exception_has_a_text_and_every_text_an_exception() -> None:
    used = set(problems())
    for _, _, keywords in calls():
        if "translation_domain" in keywords:
            used |= literal(keywords.get("translation_key"))
    used |= {f"export_{reason}" for reason in EXPORT_REASONS}
    used |= {f"not_for_{kind}" for kind in EntryKind if kind is not EntryKind.METER}
    assert used == ENGLISH["exceptions"].keys()


def test_every_reason_why_an_export_is_not_taken_has_a_text_and_is_given() -> None:
    given: set[str] = set()
    for name, node, _ in calls():
        if name in ("ExportError", "_Field"):
            given.update(*map(literal, node.args[:1]))
            if isinstance(node.args[0], ast.IfExp):
                given |= literal(node.args[0].body) | literal(node.args[0].orelse)
    prefix = "export_"
    told = {key.removeprefix(prefix) for key in ENGLISH["exceptions"] if key.startswith(prefix)}
    assert given == EXPORT_REASONS == told


def test_every_issue_has_a_text_and_every_text_an_issue() -> None:
    # All are made by one function, which takes the name of the issue for the key of its texts.
    assert [path.name for path in COMPONENT.rglob("*.py") if "create_issue" in path.read_text()] == ["issues.py"]
    used: set[str] = set()
    told: set[str] = set()
    for name, node, keywords in calls(COMPONENT / "issues.py"):
        if name == "_report" and isinstance(node.args[2], ast.Name):
            # One of them stands for a table of issues.
            found = issues.OF_METERS if node.args[2].id == "issue" else [getattr(issues, node.args[2].id)]
            for issue in found:
                used.add(issue)
                told |= {f"{issue}_{variant}" for variant in CONNECTIONS} if "variant" in keywords else {issue}
    assert told == ENGLISH.get("issues", {}).keys()
    assert used == {*issues.ISSUES, *issues.TO_BE_READ}


def test_every_group_of_words_is_used() -> None:
    used: set[str] = set()
    for name, node, keywords in calls():
        if name in ("async_words", "async_system_word"):
            used.update(*map(literal, node.args[:2]))
        if name == "SelectSelectorConfig":
            used |= literal(keywords.get("translation_key"))
    assert used == ENGLISH["selector"].keys()


def test_every_action_has_a_text_and_an_icon() -> None:
    path = COMPONENT / "services.yaml"
    actions = yaml.safe_load(path.read_text()) if path.exists() else {}
    assert actions.keys() == ENGLISH.get("services", {}).keys() == ICONS.get("services", {}).keys()
    for name, action in actions.items():
        assert ((action or {}).get("fields") or {}).keys() == ENGLISH["services"][name].get("fields", {}).keys()


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_page_names_every_entity(platform: Platform) -> None:
    page = (ROOT / "docs" / "entities.md").read_text()
    lines = [line for line in page.splitlines() if line.startswith("| **")]
    for each in rows(platform):
        [line] = [line for line in lines if f"`{each.key}`" in line]
        keys, names = re.findall(r"`(\w+)`", line.split("|")[2]), line.split("|")[1]
        if keys[0] == each.key:
            name = ENGLISH["entity"][platform][each.translation_key]["name"]
            assert f"**{name.format_map(each.translation_placeholders or {})}**" in names
