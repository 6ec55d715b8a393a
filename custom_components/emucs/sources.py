"""Where telegrams come from that Home Assistant leads to: readers on the web, topics of MQTT, ports of ESPHome."""

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

from homeassistant.components.usb import async_scan_serial_ports
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_PASSWORD, CONF_PORT, CONF_TOKEN, CONF_USERNAME
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryNotReady
from homeassistant.helpers.aiohttp_client import async_get_clientsession

from .const import CONF_BAUDRATE, CONF_BYTESIZE, CONF_INTERVAL, CONF_PARITY, CONF_SERIAL, CONF_STOPBITS, CONF_WAIT
from .group_source import GroupSource
from .kinds import EntryKind, kind_of
from .port import Link, LinkDown, MqttNotReady, PortError, ProxyAbsent, Reader, Telegram
from .port.access import DEFAULT_INTERVAL, Access
from .port.address import MQTT, PROXY
from .port.byte_link import ByteLink
from .port.incoming import Incoming
from .port.link import FIRST_SILENCE
from .port.opening import SerialPort, SerialSettings, opener_of
from .port.source import ByteSource, Opener, OpenPort
from .port.whole import WholeTelegrams

if TYPE_CHECKING:
    from homeassistant.components.mqtt import ReceiveMessage

_MQTT_TIMEOUT: Final = 8.0
"""Seconds that Home Assistant's client is waited for: less than opening may take, so that it is told by its name."""
_MOST_WAITING: Final = 64
"""Messages that nobody has taken yet; those beyond are lost."""
_WILDCARDS: Final = "#+"
_MISSED_REQUESTS: Final = 3
"""How many answers may bring nothing new, where they are asked for seldom."""


class TelegramSource(Protocol):
    """What a coordinator reads: the link to a port, or a group of meters."""

    url: str
    reader: Reader
    """Counts what comes as bytes."""
    connections: int
    """How often it was opened."""
    failure: PortError | None
    """Why it gives no telegrams any more."""

    @property
    def is_taken_away(self) -> bool:
        """Tell whether another program takes the port again and again."""

    async def __anext__(self) -> Telegram | LinkDown:
        """Return the next event."""

    async def close(self) -> None:
        """End reading."""


@callback
def source_of(hass: HomeAssistant, entry: ConfigEntry) -> TelegramSource:
    """Return what the telegrams of an entry come from."""
    return GroupSource(hass, entry) if kind_of(entry) is EntryKind.GROUP else link_of(hass, entry.data)


def may_be_late(entry: ConfigEntry) -> bool:
    """Tell whether Home Assistant's start must not wait for the first telegram of an entry."""
    return CONF_WAIT in entry.data or kind_of(entry) is EntryKind.GROUP


@callback
def link_of(hass: HomeAssistant, data: Mapping[str, Any]) -> Link:
    """Return the link described by the data of a config entry."""
    url: str = data[CONF_PORT]
    settings = _settings_of(data)
    interval = data.get(CONF_INTERVAL, DEFAULT_INTERVAL)
    wait = data.get(CONF_WAIT)
    if interval * _MISSED_REQUESTS > FIRST_SILENCE:
        wait = max(wait or 0, interval * _MISSED_REQUESTS)
    return Link(url, wait=wait, open_with=_opener_of(hass, url, data, settings), **settings)


@callback
def byte_link_of(hass: HomeAssistant, data: Mapping[str, Any]) -> ByteLink:
    """Return the link to an S1 port, described by the data of a subentry."""
    return ByteLink(data[CONF_PORT], _opener_of(hass, data[CONF_PORT], data, _settings_of(data)))


def _settings_of(data: Mapping[str, Any]) -> SerialSettings:
    """Return the settings of a serial port that an entry has: none where it needs none."""
    keys = (CONF_BAUDRATE, CONF_BYTESIZE, CONF_PARITY, CONF_STOPBITS)
    return cast("SerialSettings", {key: data[key] for key in keys if key in data})


def _opener_of(hass: HomeAssistant, url: str, data: Mapping[str, Any], settings: SerialSettings) -> Opener:
    """Return what opens the port of an entry."""
    if url.startswith(MQTT):
        return Topic(hass)
    if url.startswith(PROXY):
        return EspHomeProxy(hass, settings)
    access = Access(
        token=data.get(CONF_TOKEN),
        username=data.get(CONF_USERNAME),
        password=data.get(CONF_PASSWORD),
        serial=data.get(CONF_SERIAL),
        interval=data.get(CONF_INTERVAL, DEFAULT_INTERVAL),
    )
    return opener_of(url, settings, access, async_get_clientsession(hass))


class Topic:
    """Opens a topic of MQTT whose messages are telegrams, through Home Assistant's own client."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Subscribe to nothing yet."""
        self._hass = hass
        self._whole = WholeTelegrams()

    async def __call__(self, url: str, incoming: Incoming) -> OpenPort:
        """Subscribe; what comes is passed on until the broker is lost."""
        topic = url.removeprefix(MQTT)
        if not topic or any(wildcard in topic for wildcard in _WILDCARDS):
            raise ValueError("one topic, without wildcards")
        if "mqtt" not in self._hass.config.components:
            raise MqttNotReady
        try:
            async with asyncio.timeout(_MQTT_TIMEOUT):
                await _async_wait_for_broker(self._hass)
        except TimeoutError:
            raise MqttNotReady from None
        subscription = _Subscription(self._hass)
        await subscription.begin(topic)
        source = ByteSource(incoming)
        source.start(self._pass_on(subscription, source), subscription.end)
        return source

    async def _pass_on(self, subscription: _Subscription, source: ByteSource) -> None:
        """Pass on what comes."""
        while (message := await subscription.messages.get()) is not None:
            await source.pass_on(self._whole.new(message))
        raise MqttNotReady


async def _async_wait_for_broker(hass: HomeAssistant) -> None:
    """Wait until Home Assistant's MQTT, which is set up, is connected; at a start that takes a moment."""
    # Its requirements are there only where it is set up.
    from homeassistant.components import mqtt  # noqa: PLC0415

    if not await mqtt.async_wait_for_mqtt_client(hass):
        raise MqttNotReady
    connected = asyncio.Event()

    @callback
    def follow(is_connected: bool) -> None:  # noqa: FBT001 -- as Home Assistant calls it
        """End the wait."""
        if is_connected:
            connected.set()

    unfollow = mqtt.async_subscribe_connection_status(hass, follow)
    try:
        if not mqtt.is_connected(hass):
            await connected.wait()
    finally:
        unfollow()


class _Subscription:
    """What comes on a topic, until the broker is lost."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Begin with nothing; Home Assistant's MQTT is set up."""
        from homeassistant.components import mqtt  # noqa: PLC0415 -- as above

        self._hass = hass
        self._mqtt = mqtt
        self.messages: asyncio.Queue[bytes | None] = asyncio.Queue(_MOST_WAITING)
        """Payloads, and None when the broker is lost."""
        self._unfollow = mqtt.async_subscribe_connection_status(hass, self._follow)
        self._unsubscribe: CALLBACK_TYPE | None = None

    async def begin(self, topic: str) -> None:
        """Subscribe."""
        try:
            self._unsubscribe = await self._mqtt.async_subscribe(self._hass, topic, self._take, encoding=None)
        except BaseException:
            self._unfollow()
            raise

    @callback
    def _take(self, message: ReceiveMessage) -> None:
        """Take a message, unless the broker kept it: nobody knows how old that is."""
        payload = message.payload
        if not message.retain and not self.messages.full():
            self.messages.put_nowait(payload.encode() if isinstance(payload, str) else bytes(payload))

    @callback
    def _follow(self, is_connected: bool) -> None:  # noqa: FBT001 -- as Home Assistant calls it
        """End when the broker is lost."""
        if not is_connected and not self.messages.full():
            self.messages.put_nowait(None)

    async def end(self) -> None:
        """Unsubscribe: at once, or when the broker is back, as Home Assistant logs an error for whom tries before."""
        self._unfollow()
        if not self._mqtt.is_connected(self._hass):
            self._unfollow = self._mqtt.async_subscribe_connection_status(self._hass, self._leave)
        elif self._unsubscribe is not None:
            self._unsubscribe()

    @callback
    def _leave(self, is_connected: bool) -> None:  # noqa: FBT001 -- as Home Assistant calls it
        """Unsubscribe, once the broker is there."""
        if is_connected and self._unsubscribe is not None:
            self._unfollow()
            self._unsubscribe()


class EspHomeProxy:
    """Opens a serial port of an ESPHome device, wherever Home Assistant has it now."""

    def __init__(self, hass: HomeAssistant, settings: SerialSettings) -> None:
        """Keep the settings of the port."""
        self._hass = hass
        self._port = SerialPort(settings)

    async def __call__(self, url: str, incoming: Incoming) -> OpenPort:
        """Look the port up, and open it."""
        number = url.removeprefix(PROXY)
        for device in await async_scan_serial_ports(self._hass):
            if device.serial_number == number:
                break
        else:
            raise ProxyAbsent
        try:
            return await self._port(device.device, incoming)
        except ConfigEntryNotReady as error:
            # ESPHome is listed before it is loaded.
            raise ProxyAbsent from error
