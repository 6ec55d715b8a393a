"""Rights: every action, command and URL of the integration has a rule, also those added later."""

from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from homeassistant.auth.models import User
from homeassistant.components.websocket_api import DOMAIN as WEBSOCKET_API
from homeassistant.core import Context, HomeAssistant, SupportsResponse
from homeassistant.exceptions import ServiceValidationError, Unauthorized, UnknownUser
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator, WebSocketGenerator

from custom_components.emucs import scope, sidebar
from custom_components.emucs.const import DOMAIN
from custom_components.emucs.frontend import FOLDER, fingerprint
from custom_components.emucs.live import COMMAND
from custom_components.emucs.voltage_report import VoltageReportView
from virtual_meter import VirtualMeter

EXPORT: Final = str(Path(__file__).parent / "missing.csv")
FOR_ADMINISTRATORS: Final[dict[str, list[dict[str, Any]]]] = {
    "import_history": [{"path": EXPORT}, {"path": EXPORT, "dry_run": False, "confirmed": True}],
    "undo_import": [{}],
    "record_telegrams": [{"count": 1, "keep_ids": True}],
    # What who may read all members may do is in test_simulate_sharing.py.
    "simulate_sharing": [{"path": EXPORT}],
}
"""What only administrators may do, by action: the fields with which they call it."""
FOR_READERS: Final[dict[str, list[dict[str, Any]]]] = {
    "find_slot": [{"power": 1, "duration": 3600}],
    "get_forecast": [{}],
    "get_peaks": [{}],
    "get_voltage_report": [{}],
    "record_telegrams": [{"count": 1}],
}
"""What who may read all entities of the meter may do."""
RULES: Final = {
    name: (FOR_ADMINISTRATORS.get(name, []), FOR_READERS.get(name, []))
    for name in {**FOR_ADMINISTRATORS, **FOR_READERS}
}
EACH_FOR_ADMINISTRATORS: Final = [(name, fields) for name, calls in FOR_ADMINISTRATORS.items() for fields in calls]
EACH_FOR_READERS: Final = [(name, fields) for name, calls in FOR_READERS.items() for fields in calls]


async def call(
    hass: HomeAssistant, entry: MockConfigEntry, name: str, fields: dict[str, Any], user: User | None
) -> Any:
    """Call an action as a user, or as an automation does."""
    return await hass.services.async_call(
        DOMAIN,
        name,
        {"config_entry_id": entry.entry_id, **fields},
        blocking=True,
        context=Context(user_id=user.id if user else None),
        return_response=hass.services.supports_response(DOMAIN, name) is not SupportsResponse.NONE,
    )


@pytest.fixture
async def partial_user(hass: HomeAssistant, hass_read_only_user: MockUser) -> MockUser:
    """Return a user who may read one entity of the meter, and not the others."""
    user = MockUser().add_to_hass(hass)
    user.mock_policy({"entities": {"entity_ids": {"sensor.electricity_meter_power": True}}})
    return user


async def test_each_action_has_a_rule(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    assert set(hass.services.async_services_for_domain(DOMAIN)) == set(RULES)


@pytest.mark.parametrize(("name", "fields"), EACH_FOR_ADMINISTRATORS)
async def test_writing_is_for_administrators(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    hass_read_only_user: MockUser,
    hass_admin_user: MockUser,
    name: str,
    fields: dict[str, Any],
) -> None:
    with pytest.raises(Unauthorized, match="Only an administrator") as error:
        await call(hass, loaded, name, fields, hass_read_only_user)
    assert (error.value.translation_domain, error.value.translation_key) == (DOMAIN, "admin_only")
    # Whoever may call it gets as far as the action itself: there is no such file, and nothing to undo.
    for user in (hass_admin_user, None):
        with suppress(ServiceValidationError):
            await call(hass, loaded, name, fields, user)


@pytest.mark.parametrize(("name", "fields"), EACH_FOR_READERS)
async def test_reading_follows_the_rights_on_the_entities(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    hass_read_only_user: MockUser,
    partial_user: MockUser,
    name: str,
    fields: dict[str, Any],
) -> None:
    for user in (hass_read_only_user, None):
        assert await call(hass, loaded, name, fields, user)
    with pytest.raises(Unauthorized, match="may not read all entities") as error:
        await call(hass, loaded, name, fields, partial_user)
    assert (error.value.translation_domain, error.value.translation_key) == (DOMAIN, "not_readable")
    assert error.value.entity_id.split(".")[1].startswith(
        ("electricity_meter", "capacity_tariff", "household", "gas_meter", "water_meter")
    )


@pytest.mark.parametrize(("name", "fields"), EACH_FOR_ADMINISTRATORS + EACH_FOR_READERS)
async def test_who_is_not_there_any_more_may_nothing(
    hass: HomeAssistant, loaded: MockConfigEntry, hass_read_only_user: MockUser, name: str, fields: dict[str, Any]
) -> None:
    await hass.auth.async_remove_user(hass_read_only_user)
    with pytest.raises(UnknownUser):
        await call(hass, loaded, name, fields, hass_read_only_user)


async def test_telegrams_without_rights_to_numbers_have_none(
    hass: HomeAssistant, loaded: MockConfigEntry, hass_read_only_user: MockUser, meter: VirtualMeter
) -> None:
    answer = await call(hass, loaded, "record_telegrams", {"count": 1}, hass_read_only_user)
    for identifier in (meter.meter_id, meter.gas_id, meter.water_id):
        assert identifier.encode().hex().upper() not in "".join(answer["telegrams"]).upper()


async def test_the_reason_reaches_the_page(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    hass_ws_client: WebSocketGenerator,
    hass_read_only_access_token: str,
) -> None:
    client = await hass_ws_client(hass, hass_read_only_access_token)
    await client.send_json_auto_id(
        {
            "type": "call_service",
            "domain": DOMAIN,
            "service": "undo_import",
            "service_data": {"config_entry_id": loaded.entry_id},
        }
    )
    answer = await client.receive_json()
    assert not answer["success"]
    assert (answer["error"]["translation_domain"], answer["error"]["translation_key"]) == (DOMAIN, "admin_only")


async def test_each_command_has_a_rule(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    """Looking follows the rights on each entity: test_live.py, test_scope.py. The sidebar is an administrator's."""
    assert await async_setup_component(hass, "websocket_api", {})
    assert {name for name in hass.data[WEBSOCKET_API] if name.startswith(DOMAIN)} == {
        COMMAND,
        scope.COMMAND,
        sidebar.COMMAND,
    }


async def test_looking_follows_the_rights_on_the_entities(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    hass_ws_client: WebSocketGenerator,
    hass_read_only_user: MockUser,
    hass_read_only_access_token: str,
) -> None:
    for policy, answers in (({"entities": True}, True), ({"entities": {"domains": {"light": True}}}, False)):
        hass_read_only_user.mock_policy(policy)
        client = await hass_ws_client(hass, hass_read_only_access_token)
        await client.send_json_auto_id({"type": COMMAND, "config_entry_id": loaded.entry_id})
        answer = await client.receive_json()
        assert answer["success"] is answers
        assert answers or answer["error"]["code"] == "unauthorized"


async def test_addresses_hold_no_data(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """What is served without a login is the code of the card, the same in every house."""
    assert await async_setup_component(hass, "frontend", {})
    assert await hass.config_entries.async_setup(entry.entry_id)
    addresses = {each.canonical for each in hass.http.app.router.resources() if DOMAIN in each.canonical}
    # The report asks for a login: tests/hass/test_voltage_report.py.
    addresses -= {VoltageReportView.url}
    assert VoltageReportView.requires_auth
    assert addresses == {f"/{DOMAIN}/{fingerprint(FOLDER)}"}
    assert {path.suffix for path in FOLDER.rglob("*") if path.is_file()} == {".js"}
    await hass.config_entries.async_unload(entry.entry_id)


async def test_diagnostics_are_for_administrators(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    hass_client: ClientSessionGenerator,
    hass_read_only_access_token: str,
) -> None:
    """As Home Assistant has it: its own addresses, that show what is ours."""
    assert await async_setup_component(hass, "diagnostics", {})
    client = await hass_client(hass_read_only_access_token)
    answer = await client.get(f"/api/diagnostics/config_entry/{loaded.entry_id}")
    assert answer.status == 401
