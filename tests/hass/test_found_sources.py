"""What Home Assistant itself leads to is chosen in the flow: topics of MQTT, serial ports of ESPHome devices."""

from pathlib import Path

from homeassistant.components.usb import SerialDevice, async_register_serial_port_scanner
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.emucs.const import DOMAIN
from tests.hass.test_found import choose, finished, submit
from tests.hass.test_sources import MOSQUITTO, Broker, mqtt_entry
from virtual_meter import TcpServer, VirtualMeter
from virtual_meter.readers import MqttPublisher

pytestmark = pytest.mark.usefixtures("fast_silence", "socket_enabled")

NUMBER = "020000000001-p1"


async def test_mqtt_is_a_choice_where_it_is_set_up(hass: HomeAssistant) -> None:
    menu = await choose(hass, "reader")
    assert "mqtt_topic" not in menu["menu_options"]
    assert menu["menu_options"][-1] == "without_raw"
    hass.config.components.add("mqtt")
    menu = await choose(hass, "reader")
    assert "mqtt_topic" in menu["menu_options"]


@pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed")
async def test_a_topic_is_one_fact(hass: HomeAssistant, meter: VirtualMeter, tmp_path: Path) -> None:
    broker = Broker(tmp_path)
    await broker.start()
    entry = mqtt_entry(hass, broker.port, tmp_path)
    assert await hass.config_entries.async_setup(entry.entry_id)
    try:
        async with MqttPublisher(meter, port=broker.port, speed=10) as publisher:
            form = await choose(hass, "reader", "mqtt_topic")
            [topic] = form["data_schema"].schema
            assert topic.description == {"suggested_value": "dsmr/raw"}
            result = await submit(hass, form, topic="dsmr/#")
            assert (result["step_id"], result["errors"]) == ("mqtt_topic", {"base": "cannot_connect"})
            result = await submit(hass, result, topic="dsmr/raw")
            async with finished(hass, result) as created:
                assert created.data == {"port": publisher.url, "make": "mqtt_topic"}
    finally:
        await hass.config_entries.async_unload(entry.entry_id)
        await broker.stop()


class TestEspHome:
    """Ports of ESPHome devices are chosen from those that Home Assistant knows."""

    @pytest.fixture(autouse=True)
    async def devices(self, hass: HomeAssistant) -> list[SerialDevice]:
        """Return the serial ports that Home Assistant knows: none."""
        assert await async_setup_component(hass, "usb", {})
        devices: list[SerialDevice] = []
        async_register_serial_port_scanner(hass, lambda _: devices)
        return devices

    @staticmethod
    def port(device: str) -> SerialDevice:
        """Return a serial port of an ESPHome device."""
        return SerialDevice(
            device=device, serial_number=NUMBER, manufacturer="Espressif", description="SlimmeLezer (P1)"
        )

    async def test_none_passes_a_port_on(self, hass: HomeAssistant, devices: list[SerialDevice]) -> None:
        devices.append(self.port("/dev/ttyUSB7"))
        menu = await choose(hass, "reader", "esphome")
        assert (menu["type"], menu["step_id"]) == (FlowResultType.MENU, "no_proxy")
        # Once that is mended, the user looks again.
        devices += [self.port("esphome-hass://esphome/1234?port_name=P1")]
        result = await submit(hass, menu, next_step_id="esphome")
        assert (result["type"], result["step_id"]) == (FlowResultType.FORM, "esphome")

    async def test_a_port_is_chosen(self, hass: HomeAssistant, server: TcpServer, devices: list[SerialDevice]) -> None:
        # ESPHome itself is not here: the number leads to a port that serialx opens as well.
        devices += [self.port(server.url), self.port("esphome-hass://esphome/1234?port_name=P1")]
        form = await choose(hass, "reader", "esphome")
        [field] = form["data_schema"].schema
        assert field.default() == NUMBER
        [option] = form["data_schema"].schema[field].config["options"]
        assert option == {"value": NUMBER, "label": "SlimmeLezer (P1)"}
        async with finished(hass, await submit(hass, form, proxy=NUMBER)) as entry:
            assert entry.data == {"port": f"esphome-proxy:{NUMBER}", "make": "esphome"}

    async def test_a_device_that_is_gone_by_then(self, hass: HomeAssistant, devices: list[SerialDevice]) -> None:
        devices += [self.port("esphome-hass://esphome/1234?port_name=P1")]
        form = await choose(hass, "reader", "esphome")
        result = await submit(hass, form, proxy=NUMBER)
        assert (result["step_id"], result["errors"]) == ("esphome", {"base": "cannot_connect"})
        assert result["description_placeholders"]["detail"]
        hass.config_entries.flow.async_abort(result["flow_id"])


async def test_what_cannot_be_read_is_named(hass: HomeAssistant) -> None:
    menu = await choose(hass, "reader", "without_raw")
    assert menu["menu_options"] == ["reader"]
    assert (await submit(hass, menu, next_step_id="reader"))["step_id"] == "reader"


@pytest.mark.parametrize(
    ("make", "url", "field", "known"),
    [
        ("p1_dongle", "http://192.0.2.7/api/v2/sm/telegram", "host", "192.0.2.7"),
        ("stream_server", "socket://192.0.2.7:8088", "host", "192.0.2.7:8088"),
        ("url", "ws://192.0.2.7/telegrams", "host", "ws://192.0.2.7/telegrams"),
        ("mqtt_topic", "mqtt:meter/raw", "topic", "meter/raw"),
    ],
)
async def test_what_is_known_is_filled_in_for_a_meter_that_is_moved(
    hass: HomeAssistant, make: str, url: str, field: str, known: str
) -> None:
    hass.config.components.add("mqtt")
    entry = MockConfigEntry(domain=DOMAIN, unique_id="1SAG1100000001", data={"port": url, "make": make})
    entry.add_to_hass(hass)
    form = await choose(hass, "reader", make, entry=entry)
    assert form["step_id"] == make
    [asked] = form["data_schema"].schema
    assert (asked, asked.description) == (field, {"suggested_value": known})
    # The other ways of connecting show nothing of a reader that they cannot read.
    form = await choose(hass, "serial", entry=entry)
    suggested = {str(key): (key.description or {}).get("suggested_value") for key in form["data_schema"].schema}
    assert suggested["port"] is None
