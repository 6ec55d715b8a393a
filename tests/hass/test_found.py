"""Readers are found, offered once, and set up with at most one fact, from readers of software over real sockets."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from homeassistant.config_entries import (
    SOURCE_IGNORE,
    SOURCE_RECONFIGURE,
    SOURCE_USB,
    SOURCE_USER,
    SOURCE_ZEROCONF,
    ConfigEntryState,
)
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers.service_info.usb import UsbServiceInfo
from homeassistant.helpers.service_info.zeroconf import ZeroconfServiceInfo
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.emucs.const import DOMAIN
from custom_components.emucs.flow import pairing
from custom_components.emucs.flow.announcements import announced
from custom_components.emucs.flow.makes import ReaderAddress
from custom_components.emucs.port import tls
from tests.support import WINTER_EVENING, entry_data, eventually
from virtual_meter import PtyServer, TcpServer, VirtualMeter
from virtual_meter.readers import (
    Announcement,
    DsmrLogger,
    HomeWizard,
    HomeWizardV2,
    HomeyDongle,
    P1Dongle,
    WebReader,
    make_reader,
)

pytestmark = pytest.mark.usefixtures("fast_silence", "socket_enabled")

FAST = 10
HOST = "127.0.0.1"


@pytest.fixture(autouse=True)
def quick_hands(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask more often whether the button was pressed, and not for two minutes."""
    monkeypatch.setattr(pairing, "_INTERVAL", 0.05)
    monkeypatch.setattr(pairing, "_PATIENCE", 5)


@pytest.fixture
async def homewizard(
    hass: HomeAssistant, meter: VirtualMeter, monkeypatch: pytest.MonkeyPatch
) -> AsyncGenerator[HomeWizardV2]:
    """Return a HomeWizard that gives tokens, signed by an authority of its own."""
    complain = hass.loop.get_exception_handler()
    assert complain is not None

    def hear(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Hear no complaint of the reader, whose event loop this is too, about a client that leaves."""
        if not isinstance(context.get("exception"), ConnectionError):
            complain(loop, context)

    hass.loop.set_exception_handler(hear)
    async with HomeWizardV2(meter, speed=FAST) as reader:
        monkeypatch.setattr(tls, "HOMEWIZARD_CA", reader.authority.pem)
        yield reader


def place(reader: WebReader | TcpServer) -> str:
    """Return the address of a reader, with its port."""
    return urlsplit(reader.url).netloc


def heard(announcement: Announcement, host: str = HOST) -> ZeroconfServiceInfo:
    """Return an announcement as Home Assistant passes it on."""
    address = ip_address(host)
    return ZeroconfServiceInfo(
        ip_address=address,
        ip_addresses=[address],
        port=announcement.port,
        hostname=f"{announcement.name}.local.",
        type=announcement.kind,
        name=f"{announcement.name}.{announcement.kind}",
        properties=dict(announcement.properties),
    )


async def announce(hass: HomeAssistant, announcement: Announcement, host: str = HOST) -> dict[str, Any]:
    """Let Home Assistant hear an announcement; return what the flow shows."""
    return await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_ZEROCONF}, data=heard(announcement, host)
    )


async def choose(hass: HomeAssistant, *steps: str, entry: MockConfigEntry | None = None) -> dict[str, Any]:
    """Choose from the menus of a flow, one after the other."""
    context: dict[str, Any] = {"source": SOURCE_USER}
    if entry is not None:
        context = {"source": SOURCE_RECONFIGURE, "entry_id": entry.entry_id}
    result = await hass.config_entries.flow.async_init(DOMAIN, context=context)
    for step in steps:
        assert result["type"] is FlowResultType.MENU
        assert step in result["menu_options"]
        result = await hass.config_entries.flow.async_configure(result["flow_id"], {"next_step_id": step})
    return result


async def submit(hass: HomeAssistant, result: dict[str, Any], **user_input: Any) -> dict[str, Any]:
    """Fill in the form of a flow; wait while it shows progress."""
    flow_id = result["flow_id"]
    result = await hass.config_entries.flow.async_configure(flow_id, user_input)
    async with asyncio.timeout(10):
        while result["type"] is FlowResultType.SHOW_PROGRESS:
            await asyncio.sleep(0.05)
            result = await hass.config_entries.flow.async_configure(flow_id)
    return result


@asynccontextmanager
async def finished(hass: HomeAssistant, result: dict[str, Any]) -> AsyncGenerator[MockConfigEntry]:
    """Add the meter that was found; unload it in the end."""
    assert result["step_id"] == "confirm", result
    result = await submit(hass, result, add_to_energy=False)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    entry = result["result"]
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    yield entry
    if entry.state.recoverable:
        await hass.config_entries.async_unload(entry.entry_id)


def offers(hass: HomeAssistant) -> list[dict[str, Any]]:
    """Return what is offered."""
    return hass.config_entries.flow.async_progress_by_handler(DOMAIN)


def known(reader: WebReader, meter: VirtualMeter, url: str, **data: Any) -> MockConfigEntry:
    """Return an entry that reads a reader that announces itself."""
    return MockConfigEntry(
        domain=DOMAIN, title="T211", unique_id=meter.meter_id, data={"port": url, "reader": reader.mac, **data}
    )


class TestOneFact:
    """Of a reader that is not found, the user types its address."""

    @pytest.mark.parametrize(
        ("kind", "make"),
        [
            ("homewizard", "homewizard"),
            ("p1-dongle", "p1_dongle"),
            ("homey", "homey"),
            ("dsmr-logger", "dsmr_logger"),
            ("p1-monitor", "p1_monitor"),
            ("smart-gateways", "smart_gateways"),
            ("esphome-stream", "stream_server"),
            ("espeasy", "espeasy"),
            ("ser2net", "ser2net"),
        ],
    )
    async def test_an_address(self, hass: HomeAssistant, meter: VirtualMeter, kind: str, make: str) -> None:
        async with make_reader(kind, meter, speed=FAST) as reader:
            form = await choose(hass, "reader", make)
            assert form["step_id"] == make
            assert [str(field) for field in form["data_schema"].schema] == ["host"]
            async with finished(hass, await submit(hass, form, host=place(reader))) as entry:
                assert entry.data["port"] == reader.url
                assert entry.data["make"] == make
                assert entry.unique_id == meter.meter_id

    @pytest.mark.parametrize(
        ("make", "url"),
        [
            ("p1_dongle", "socket://{}:82"),
            ("smart_gateways", "socket://{}:23"),
            ("stream_server", "socket://{}:6638"),
            ("espeasy", "socket://{}:8088"),
            ("esp_link", "socket://{}:23"),
        ],
    )
    async def test_the_port_is_filled_in(self, hass: HomeAssistant, make: str, url: str) -> None:
        entry = MockConfigEntry(domain=DOMAIN, data=entry_data(url.format("192.0.2.7")))
        entry.add_to_hass(hass)
        form = await choose(hass, "reader", make)
        result = await submit(hass, form, host="192.0.2.7")
        assert result["reason"] == "already_configured"

    @pytest.mark.parametrize("typed", ["http://{}/", "http://{}/#/Home", "{}/", "  {} "])
    async def test_an_address_may_be_copied_from_a_browser(
        self, hass: HomeAssistant, meter: VirtualMeter, typed: str
    ) -> None:
        async with DsmrLogger(meter, speed=FAST) as reader:
            form = await choose(hass, "reader", "dsmr_logger")
            result = await submit(hass, form, host=typed.format(place(reader)))
            assert result["step_id"] == "confirm"
        hass.config_entries.flow.async_abort(result["flow_id"])

    @pytest.mark.parametrize("url", ["{url}", "{place}"])
    async def test_any_url(self, hass: HomeAssistant, server: TcpServer, url: str) -> None:
        form = await choose(hass, "reader", "url")
        result = await submit(hass, form, host=url.format(url=server.url, place=place(server)))
        assert result["step_id"] == "confirm"
        hass.config_entries.flow.async_abort(result["flow_id"])

    @pytest.mark.parametrize(
        ("make", "typed", "error", "detail"),
        [
            ("homewizard", "my meter", "bad_address", "my meter is not an address"),
            ("p1_dongle", "", "bad_address", "is not an address"),
            ("p1_dongle", "192.0.2.7:x", "bad_address", "is not an address"),
            ("url", "nonsense", "bad_address", "is not an address"),
            ("ser2net", "192.0.2.7", "missing_port", "192.0.2.7:2001"),
            ("homewizard", "127.0.0.1:1", "cannot_connect", "refused the connection"),
            ("p1_dongle", "127.0.0.1:1", "cannot_connect", "refused the connection"),
        ],
    )
    async def test_what_is_wrong_is_said(
        self, hass: HomeAssistant, make: str, typed: str, error: str, detail: str
    ) -> None:
        form = await choose(hass, "reader", make)
        result = await submit(hass, form, host=typed)
        assert result["errors"] == {"base": error}
        assert detail in result["description_placeholders"]["detail"]
        hass.config_entries.flow.async_abort(result["flow_id"])

    async def test_a_local_api_that_is_off(self, hass: HomeAssistant, meter: VirtualMeter) -> None:
        async with HomeWizard(meter, speed=FAST) as reader:
            reader.is_api_on = False
            form = await choose(hass, "reader", "homewizard")
            result = await submit(hass, form, host=place(reader))
            assert result["errors"] == {"base": "cannot_connect"}
            assert "Local API" in result["description_placeholders"]["detail"]
            reader.is_api_on = True
            result = await submit(hass, result, host=place(reader))
            assert result["step_id"] == "confirm"
        hass.config_entries.flow.async_abort(result["flow_id"])

    async def test_a_login(self, hass: HomeAssistant, meter: VirtualMeter) -> None:
        async with P1Dongle(meter, speed=FAST) as reader:
            reader.user = "me:secret"
            form = await choose(hass, "reader", "p1_dongle")
            result = await submit(hass, form, host=place(reader))
            assert result["step_id"] == "login"
            result = await submit(hass, result, username="me", password="wrong")  # noqa: S106 -- of a test
            assert (result["step_id"], result["errors"]) == ("login", {"base": "cannot_connect"})
            result = await submit(hass, result, username="me", password="secret")  # noqa: S106 -- of a test
            async with finished(hass, result) as entry:
                assert entry.data["username"] == "me"


class TestButton:
    """A HomeWizard gives its telegrams to those for whom its button was pressed."""

    async def test_is_pressed_while_progress_is_shown(self, hass: HomeAssistant, homewizard: HomeWizardV2) -> None:
        form = await choose(hass, "reader", "homewizard")
        flow_id = form["flow_id"]
        result = await hass.config_entries.flow.async_configure(flow_id, {"host": place(homewizard)})
        assert (result["type"], result["step_id"]) == (FlowResultType.SHOW_PROGRESS, "button")
        homewizard.press_button()
        await eventually(lambda: bool(homewizard.tokens))
        await hass.async_block_till_done()
        async with finished(hass, await hass.config_entries.flow.async_configure(flow_id)) as entry:
            [(name, token)] = homewizard.tokens.items()
            assert name.startswith("local/emucs#")
            assert entry.data == {
                "port": homewizard.url,
                "token": token,
                "serial": homewizard.mac,
                "reader": homewizard.mac,
                "make": "homewizard",
            }

    async def test_is_not_pressed(
        self, hass: HomeAssistant, homewizard: HomeWizardV2, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(pairing, "_PATIENCE", 0.2)
        form = await choose(hass, "reader", "homewizard")
        result = await submit(hass, form, host=place(homewizard))
        assert (result["step_id"], result["errors"]) == ("homewizard", {"base": "not_pressed"})
        assert "two minutes" in result["description_placeholders"]["detail"]
        hass.config_entries.flow.async_abort(result["flow_id"])

    async def test_nobody_asks_any_more_once_the_flow_is_left(
        self, hass: HomeAssistant, homewizard: HomeWizardV2
    ) -> None:
        form = await choose(hass, "reader", "homewizard")
        result = await hass.config_entries.flow.async_configure(form["flow_id"], {"host": place(homewizard)})
        hass.config_entries.flow.async_abort(result["flow_id"])
        await asyncio.sleep(0.1)
        homewizard.press_button()
        await asyncio.sleep(0.3)
        assert homewizard.tokens == {}

    async def test_is_pressed_again_after_the_token_was_withdrawn(
        self, hass: HomeAssistant, meter: VirtualMeter, homewizard: HomeWizardV2
    ) -> None:
        entry = known(homewizard, meter, homewizard.url, token="0" * 32, serial=homewizard.mac, make="homewizard")
        entry.add_to_hass(hass)
        await hass.config_entries.async_setup(entry.entry_id)
        assert entry.state is ConfigEntryState.SETUP_ERROR
        [flow] = offers(hass)
        assert (flow["context"]["source"], flow["step_id"]) == ("reauth", "reauth_confirm")
        hass.loop.call_later(0.2, homewizard.press_button)
        result = await submit(hass, flow)
        assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "reauth_successful")
        await hass.async_block_till_done()
        assert entry.state is ConfigEntryState.LOADED
        assert [entry.data["token"]] == [*homewizard.tokens.values()]
        await hass.config_entries.async_unload(entry.entry_id)

    async def test_is_not_needed_for_another_address(
        self, hass: HomeAssistant, meter: VirtualMeter, homewizard: HomeWizardV2
    ) -> None:
        token = homewizard.issue_token("local/emucs#1")
        entry = known(homewizard, meter, "https://192.0.2.7/api/telegram", token=token, serial=homewizard.mac)
        entry.add_to_hass(hass)
        form = await choose(hass, "reader", "homewizard", entry=entry)
        result = await submit(hass, form, host=place(homewizard))
        assert result["reason"] == "reconfigure_successful"
        await hass.async_block_till_done()
        assert entry.state is ConfigEntryState.LOADED
        assert entry.data["port"] == homewizard.url
        assert entry.data["token"] == token
        assert entry.data["reader"] == homewizard.mac
        await hass.config_entries.async_unload(entry.entry_id)

    @pytest.mark.parametrize("is_other", [False, True], ids=["token", "reader"])
    async def test_is_needed_for_another(
        self, hass: HomeAssistant, meter: VirtualMeter, homewizard: HomeWizardV2, *, is_other: bool
    ) -> None:
        serial = "0200aabbccdd" if is_other else homewizard.mac
        entry = known(homewizard, meter, "https://192.0.2.7/api/telegram", token="0" * 32, serial=serial)
        entry.add_to_hass(hass)
        form = await choose(hass, "reader", "homewizard", entry=entry)
        hass.loop.call_later(0.5, homewizard.press_button)
        result = await submit(hass, form, host=place(homewizard))
        assert result["reason"] == "reconfigure_successful", result
        await hass.async_block_till_done()
        assert entry.data["serial"] == homewizard.mac
        assert [entry.data["token"]] == [*homewizard.tokens.values()]
        await hass.config_entries.async_unload(entry.entry_id)


class TestLogin:
    """A login that was changed is asked for again."""

    async def test_after_it_was_changed(self, hass: HomeAssistant, meter: VirtualMeter) -> None:
        async with P1Dongle(meter, speed=FAST) as reader:
            reader.user = "me:new"
            entry = known(reader, meter, reader.url, username="me", password="old", make="p1_dongle")  # noqa: S106 -- of a test
            entry.add_to_hass(hass)
            await hass.config_entries.async_setup(entry.entry_id)
            [flow] = offers(hass)
            assert flow["step_id"] == "login"
            result = await submit(hass, flow, username="me", password="new")  # noqa: S106 -- of a test
            assert result["reason"] == "reauth_successful"
            await hass.async_block_till_done()
            assert entry.state is ConfigEntryState.LOADED
            await hass.config_entries.async_unload(entry.entry_id)


class TestFound:
    """What announces itself is offered, and needs no fact."""

    @pytest.mark.parametrize("kind", [HomeWizard, P1Dongle, HomeyDongle])
    async def test_by_its_announcement(self, hass: HomeAssistant, meter: VirtualMeter, kind: type[WebReader]) -> None:
        async with kind(meter, speed=FAST) as reader:
            form = await announce(hass, reader.announcements()[0])
            assert (form["type"], form["step_id"]) == (FlowResultType.FORM, "discovery_confirm")
            assert not form["data_schema"].schema
            [flow] = offers(hass)
            assert flow["context"]["title_placeholders"]["name"] == form["description_placeholders"]["name"]
            async with finished(hass, await submit(hass, form)) as entry:
                assert entry.data["port"] == reader.url
                assert entry.unique_id == meter.meter_id
                assert offers(hass) == []
                # Not again, once it is set up under the number of the meter.
                again = await announce(hass, reader.announcements()[0])
                assert (again["type"], again["reason"]) == (FlowResultType.ABORT, "already_configured")
                assert entry.state is ConfigEntryState.LOADED

    async def test_with_its_button(self, hass: HomeAssistant, homewizard: HomeWizardV2) -> None:
        form = await announce(hass, homewizard.announcements()[0])
        hass.loop.call_later(0.3, homewizard.press_button)
        async with finished(hass, await submit(hass, form)) as entry:
            assert entry.data["port"] == homewizard.url

    @pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2)])
    async def test_once_where_it_imitates_another(
        self, hass: HomeAssistant, meter: VirtualMeter, order: tuple[int, ...]
    ) -> None:
        async with P1Dongle(meter, speed=FAST) as reader:
            reader.imitates = True
            results = [await announce(hass, reader.announcements()[each]) for each in order]
            assert [each.get("reason") for each in results] == [None, "already_in_progress", "already_in_progress"]
            [flow] = offers(hass)
            assert flow["context"]["title_placeholders"]["name"] == "P1-Dongle"
            async with finished(hass, await submit(hass, flow)) as entry:
                assert entry.data["make"] == "p1_dongle"

    async def test_once_where_it_announces_two_interfaces(
        self, hass: HomeAssistant, meter: VirtualMeter, homewizard: HomeWizardV2
    ) -> None:
        async with HomeWizard(meter, speed=FAST) as first:
            await announce(hass, first.announcements()[0])
            result = await announce(hass, homewizard.announcements()[0])
            assert result["reason"] == "already_in_progress"
            assert len(offers(hass)) == 1

    async def test_what_is_wrong_is_said_and_the_offer_stays(self, hass: HomeAssistant, meter: VirtualMeter) -> None:
        async with HomeyDongle(meter, speed=FAST) as reader:
            reader.is_api_on = False
            form = await announce(hass, reader.announcements()[0])
            result = await submit(hass, form)
            assert (result["step_id"], result["errors"]) == ("discovery_confirm", {"base": "cannot_connect"})
            assert "Local API" in result["description_placeholders"]["detail"]
            reader.is_api_on = True
            async with finished(hass, await submit(hass, result)):
                pass

    async def test_what_does_not_say_who_it_is_is_not_offered(self, hass: HomeAssistant) -> None:
        result = await announce(hass, Announcement("_hwenergy._tcp.local.", "p1meter", 80, {"product_type": "HWE-P1"}))
        assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "unknown_reader")

    async def test_what_is_ignored_stays_ignored(self, hass: HomeAssistant, meter: VirtualMeter) -> None:
        async with P1Dongle(meter, speed=FAST) as reader:
            reader.imitates = True
            form = await announce(hass, reader.announcements()[0])
            [flow] = offers(hass)
            await hass.config_entries.flow.async_init(
                DOMAIN,
                context={"source": SOURCE_IGNORE},
                data={"unique_id": flow["context"]["unique_id"], "title": "P1-Dongle"},
            )
            assert form["flow_id"] not in [each["flow_id"] for each in offers(hass)]
            for announcement in reader.announcements():
                assert (await announce(hass, announcement))["reason"] == "already_configured"
            assert offers(hass) == []
            # Who adds it by hand may.
            form = await choose(hass, "reader", "p1_dongle")
            async with finished(hass, await submit(hass, form, host=place(reader))):
                pass

    async def test_an_offer_ends_when_the_reader_is_added_by_hand(
        self, hass: HomeAssistant, meter: VirtualMeter
    ) -> None:
        async with P1Dongle(meter, speed=FAST) as reader:
            await announce(hass, reader.announcements()[0])
            form = await choose(hass, "reader", "p1_dongle")
            async with finished(hass, await submit(hass, form, host=place(reader))) as entry:
                assert offers(hass) == []
                assert "reader" not in entry.data
                # It is known by its address, and from its next announcement on by its id.
                assert (await announce(hass, reader.announcements()[0]))["reason"] == "already_configured"
                assert entry.data["reader"] == reader.mac
                assert entry.state is ConfigEntryState.LOADED

    async def test_a_meter_that_is_read_by_its_cable(
        self, hass: HomeAssistant, meter: VirtualMeter, tmp_path: Path
    ) -> None:
        entry = MockConfigEntry(domain=DOMAIN, unique_id=meter.meter_id, data=entry_data(str(tmp_path / "tty")))
        entry.add_to_hass(hass)
        async with P1Dongle(meter, speed=FAST) as reader:
            form = await announce(hass, reader.announcements()[0])
            result = await submit(hass, form)
            assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")

    async def test_is_offered_first_in_the_menu(self, hass: HomeAssistant, meter: VirtualMeter) -> None:
        async with P1Dongle(meter, speed=FAST) as reader:
            form = await announce(hass, reader.announcements()[0])
            menu = await choose(hass)
            assert menu["menu_options"] == ["found", "serial", "reader", "network", "group"]
            result = await hass.config_entries.flow.async_configure(menu["flow_id"], {"next_step_id": "found"})
            assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "found")
            assert result["next_flow"] == ("config_flow", form["flow_id"])

    async def test_is_chosen_where_there_are_several(self, hass: HomeAssistant, meter: VirtualMeter) -> None:
        other = VirtualMeter(seed=8, start=WINTER_EVENING)
        async with P1Dongle(meter, speed=FAST) as reader, HomeWizard(other, "127.0.0.2", speed=FAST) as second:
            await announce(hass, reader.announcements()[0])
            form = await announce(hass, second.announcements()[0], "127.0.0.2")
            menu = await choose(hass, "found")
            assert menu["step_id"] == "found"
            result = await submit(hass, menu, offer=form["flow_id"])
            assert result["next_flow"] == ("config_flow", form["flow_id"])


class TestMoved:
    """A reader that has another address is read there."""

    async def test_its_entry_takes_the_new_address(
        self, hass: HomeAssistant, meter: VirtualMeter, homewizard: HomeWizardV2
    ) -> None:
        token = homewizard.issue_token("local/emucs#1")
        old = f"https://192.0.2.7:{homewizard.port}/api/telegram"
        entry = known(homewizard, meter, old, token=token, serial=homewizard.mac, make="homewizard")
        entry.add_to_hass(hass)
        result = await announce(hass, homewizard.announcements()[0])
        assert result["reason"] == "already_configured"
        assert entry.data == {
            "port": homewizard.url,
            "reader": homewizard.mac,
            "token": token,
            "serial": homewizard.mac,
            "make": "homewizard",
        }

    async def test_an_entry_that_waits_for_it_is_set_up(self, hass: HomeAssistant, meter: VirtualMeter) -> None:
        async with P1Dongle(meter, speed=FAST) as reader:
            await reader.stop()
            entry = known(reader, meter, reader.url, make="p1_dongle")
            entry.add_to_hass(hass)
            await hass.config_entries.async_setup(entry.entry_id)
            assert entry.state is ConfigEntryState.SETUP_RETRY
            await reader.start()
            await announce(hass, reader.announcements()[0])
            await hass.async_block_till_done()
            assert entry.state is ConfigEntryState.LOADED
            await hass.config_entries.async_unload(entry.entry_id)

    @pytest.mark.parametrize("url", ["http://p1-dongle.local/api/v2/sm/telegram", "/dev/ttyUSB7"])
    async def test_what_the_user_chose_stays(self, hass: HomeAssistant, meter: VirtualMeter, url: str) -> None:
        async with P1Dongle(meter, speed=FAST) as reader:
            entry = known(reader, meter, url)
            entry.add_to_hass(hass)
            assert (await announce(hass, reader.announcements()[0]))["reason"] == "already_configured"
            assert entry.data["port"] == url

    async def test_a_cable_takes_its_place(self, hass: HomeAssistant, meter: VirtualMeter, tmp_path: Path) -> None:
        async with P1Dongle(meter, speed=FAST) as reader, PtyServer(meter, tmp_path / "tty", speed=FAST) as cable:
            entry = known(reader, meter, reader.url, make="p1_dongle")
            entry.add_to_hass(hass)
            form = await choose(hass, "serial", entry=entry)
            result = await submit(hass, form, port=cable.url)
            assert result["reason"] == "reconfigure_successful"
            assert entry.data == entry_data(cable.url)
            await hass.async_block_till_done()
            await hass.config_entries.async_unload(entry.entry_id)


class TestCable:
    """A cable is offered if its maker says that it is one for P1."""

    def info(self, device: str) -> UsbServiceInfo:
        """Return what Home Assistant sees of a cable."""
        return UsbServiceInfo(
            device=device,
            vid="0403",
            pid="6001",
            serial_number="P1AB1C2D",
            manufacturer="FTDI",
            description="P1 Converter Cable",
        )

    async def test_is_offered_once(self, hass: HomeAssistant, meter: VirtualMeter, tmp_path: Path) -> None:
        async with PtyServer(meter, tmp_path / "ttyUSB0", speed=FAST) as cable:
            info = self.info(cable.url)
            form = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USB}, data=info)
            assert form["step_id"] == "discovery_confirm"
            assert form["description_placeholders"]["name"] == "P1 cable"
            async with finished(hass, await submit(hass, form)) as entry:
                assert entry.data == {"port": cable.url, "reader": "p1ab1c2d"}
                again = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USB}, data=info)
                assert again["reason"] == "already_configured"

    async def test_is_not_offered_where_it_is_read(
        self, hass: HomeAssistant, meter: VirtualMeter, tmp_path: Path
    ) -> None:
        async with PtyServer(meter, tmp_path / "ttyUSB0", speed=FAST) as cable:
            link = tmp_path / "by-id"
            link.symlink_to(cable.url)
            entry = MockConfigEntry(domain=DOMAIN, unique_id=meter.meter_id, data=entry_data(str(link)))
            entry.add_to_hass(hass)
            info = self.info(cable.url)
            result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USB}, data=info)
            assert result["reason"] == "already_configured"

    async def test_in_another_socket_is_read_there(
        self, hass: HomeAssistant, meter: VirtualMeter, tmp_path: Path
    ) -> None:
        async with PtyServer(meter, tmp_path / "ttyUSB1", speed=FAST) as cable:
            gone = entry_data(str(tmp_path / "ttyUSB0"), reader="p1ab1c2d")
            entry = MockConfigEntry(domain=DOMAIN, unique_id=meter.meter_id, data=gone)
            entry.add_to_hass(hass)
            result = await hass.config_entries.flow.async_init(
                DOMAIN, context={"source": SOURCE_USB}, data=self.info(cable.url)
            )
            assert result["reason"] == "already_configured"
            assert entry.data == entry_data(cable.url, reader="p1ab1c2d")


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("P1-Dongle.local:8080", "p1-dongle.local:8080"),
        ("2001:DB8::7", "[2001:db8::7]"),
        ("[2001:db8::7]:82", "[2001:db8::7]:82"),
        ("http://[2001:db8::7]/", "[2001:db8::7]"),
    ],
)
def test_addresses(typed: str, address: str) -> None:
    assert str(ReaderAddress.of(typed)) == address


@pytest.mark.parametrize("typed", ["", " ", "my meter", "192.0.2.7:x", "192.0.2.7:99999", "[", "http://"])
def test_no_addresses(typed: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        ReaderAddress.of(typed)


def test_an_address_of_four_is_taken_before_one_of_six() -> None:
    info = heard(Announcement("_p1dongle._tcp.local.", "P1-Dongle-Pro", 80, {"id": "0200aabbccdd"}), "2001:db8::7")
    info.ip_addresses.append(ip_address("192.0.2.7"))
    announcement = announced(info)
    assert announcement is not None
    assert announcement.address == "192.0.2.7"
    assert announcement.hosts == ("192.0.2.7", "2001:db8::7", "p1-dongle-pro.local")
