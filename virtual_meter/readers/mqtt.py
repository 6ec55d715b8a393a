"""A program that publishes the telegrams on a topic of MQTT, as DSMR-reader does: without the last line end."""

from collections.abc import Iterable
from typing import override

from paho.mqtt.client import Client as MqttClient
from paho.mqtt.enums import CallbackAPIVersion

from ..fault import Fault
from ..meter import VirtualMeter
from ..server import MeterServer

TOPIC = "dsmr/raw"


class MqttPublisher(MeterServer):
    """Connects to a broker, and publishes each telegram."""

    transport = "mqtt"
    usual_port = 1883

    def __init__(
        self,
        meter: VirtualMeter,
        host: str = "127.0.0.1",
        port: int = 1883,
        speed: float = 1.0,
        *,
        faults: Iterable[Fault] = (),
    ) -> None:
        """Publish to the broker at this address."""
        super().__init__(meter, speed, faults=faults)
        self.host = host
        self.port = port or self.usual_port
        self._client: MqttClient | None = None

    @property
    @override
    def url(self) -> str:
        return f"mqtt:{TOPIC}"

    @property
    @override
    def clients(self) -> int:
        return int(self._client is not None and self._client.is_connected())

    @property
    @override
    def is_open(self) -> bool:
        return self._client is not None

    @override
    async def disconnect(self) -> None:
        """Leave readers alone: they are the broker's."""

    @override
    def mute(self) -> None:
        self.pause()

    @override
    def serve_one(self) -> None:
        """Serve as before."""

    @override
    async def _open(self) -> None:
        self._client = client = MqttClient(CallbackAPIVersion.VERSION2)
        client.connect(self.host, self.port)
        client.loop_start()

    @override
    async def _close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.disconnect()
            client.loop_stop()

    @override
    def _send(self, telegram: bytes) -> bool:
        if self._client is None:
            return False
        self._client.publish(TOPIC, telegram.rstrip(b"\r\n"))
        return True
