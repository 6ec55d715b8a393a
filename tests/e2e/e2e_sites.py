"""Several sites: a Home Assistant and a meter each, and the broker between them."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
import shutil
from typing import Any, Final, override

from harness.api import Api, Flow
from harness.hass import LOOPBACK, free_port
from tests.e2e.e2e_home import PORTS, Appliance, Home, connect
from virtual_meter import TcpServer, VirtualMeter

MOSQUITTO: Final = shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
_STARTED: Final = 10.0  # seconds
_UNENCRYPTED: Final = {"set_client_cert": False, "set_ca_cert": "off"}


class Site(Home):
    """A Home Assistant and a meter that begins to live as it starts."""

    def __init__(self, folder: Path, meter: VirtualMeter, more: str = "") -> None:
        """Prepare the folder; `more` is YAML that the configuration has besides."""
        super().__init__(folder, more)
        self.server = TcpServer(meter, LOOPBACK)

    @override
    async def _live(self) -> Appliance:
        appliance = connect(self.server.meter)
        await self.server.start()
        return appliance

    def write(self, more: str) -> None:
        """Add YAML to the configuration, which counts from the next start on."""
        with (self.hass.config / "configuration.yaml").open("a") as configuration:
            configuration.write(more)

    async def read_meter(self, api: Api, interval: int) -> None:
        """Add its meter, which shows everything each so many seconds."""
        flow = await Flow.begin(api, "emucs")
        await flow.choose("network")
        await flow.submit({"host": LOOPBACK, "port": self.server.port, "advanced": {}})
        result = await flow.submit({"user_port": "p1", "add_to_energy": False})
        assert result["type"] == "create_entry", result
        path = "config/config_entries/options/flow"
        step = await api.request("POST", path, {"handler": result["result"]["entry_id"]})
        path = f"{path}/{step['flow_id']}"
        if step["type"] == "menu":
            step = await api.request("POST", path, {"next_step_id": "settings"})
        sections: dict[str, Any] = {
            each["name"]: {} for each in step["data_schema"] if each.get("type") == "expandable"
        }
        result = await api.request("POST", path, {"update_interval": interval, **sections})
        assert result["type"] == "create_entry", result


async def connect_broker(api: Api, port: int) -> None:
    """Set Home Assistant's own MQTT up, as a user does."""
    flow = await Flow.begin(api, "mqtt")
    result = await flow.submit({"broker": LOOPBACK, "port": port, "other_settings": _UNENCRYPTED})
    assert result["type"] == "create_entry", result


@asynccontextmanager
async def broker(folder: Path) -> AsyncGenerator[int]:
    """Run a broker on loopback; yield its port."""
    assert MOSQUITTO is not None
    port = free_port(PORTS[1])
    configuration = folder / "mosquitto.conf"
    configuration.write_text(f"listener {port} {LOOPBACK}\nallow_anonymous true\n")
    process = await asyncio.create_subprocess_exec(MOSQUITTO, "-c", configuration, stderr=asyncio.subprocess.DEVNULL)
    try:
        async with asyncio.timeout(_STARTED):
            while not await _answers(port):  # noqa: ASYNC110 -- a process of another
                await asyncio.sleep(0.05)
        yield port
    finally:
        process.terminate()
        await process.wait()


async def _answers(port: int) -> bool:
    """Tell whether somebody listens."""
    try:
        _, writer = await asyncio.open_connection(LOOPBACK, port)
    except ConnectionError:
        return False
    writer.close()
    return True
