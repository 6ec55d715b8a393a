"""One Home Assistant process: its configuration folder, its start and its stop."""

import asyncio
from contextlib import suppress
import json
from pathlib import Path
import shutil
import signal
import socket
import sys
from typing import Any, Self, override

import aiohttp

from .errors import HarnessError

ROOT = Path(__file__).parents[1]
COMPONENT = ROOT / "custom_components" / "emucs"
LOOPBACK = "127.0.0.1"
FIRST_START, STOP = 180.0, 90.0  # seconds: generous, for a slow and busy machine
RESTART_EXIT_CODE = 100

CONFIGURATION = """\
homeassistant:
  name: emucs
  latitude: 50.85
  longitude: 4.35
  elevation: 15
  unit_system: metric
  time_zone: Europe/Brussels
  currency: EUR
  country: BE
  allowlist_external_dirs:
    - {exports}
frontend:
energy:
history:
logbook:
logger:
  default: warning
  logs:
    custom_components.emucs: info
    # The frontend wants them to be set up; nothing here shows a camera.
    haffmpeg: critical
    homeassistant.components.camera: critical
"""


def is_free(port: int) -> bool:
    """Tell whether nobody listens on a loopback port."""
    with socket.socket() as probe:
        # With SO_REUSEADDR, as servers do: a port in TIME_WAIT is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def free_port(wanted: int, tries: int = 100) -> int:
    """Return the first free loopback port from the wanted one on."""
    for port in range(wanted, wanted + tries):
        if is_free(port):
            return port
    raise HarnessError(
        f"No free port from {wanted} to {wanted + tries - 1}: end a program that listens on one of them."
    )


class HomeAssistant:
    """A Home Assistant on loopback, in a process of its own."""

    def __init__(self, config: Path, port: int) -> None:
        """Keep the settings; `prepare` writes the configuration and `start` starts it."""
        self.config = config
        self.port = port
        self.url = f"http://{LOOPBACK}:{port}"
        self.log = config / "hass.log"
        self.exports = config.resolve() / "exports"
        """Files here may be read by actions."""
        self._process: asyncio.subprocess.Process | None = None

    def prepare(self, *, copy: bool = False) -> None:
        """Write what Home Assistant needs before its first start; keep what an earlier start has written.

        The integration is linked, so that a restart picks up changes, or copied, as by HACS.
        """
        storage = self.config / ".storage"
        storage.mkdir(parents=True, exist_ok=True)
        self.exports.mkdir(exist_ok=True)
        # As JSON, since a path may contain characters that are special in YAML.
        configuration = CONFIGURATION.format(exports=json.dumps(str(self.exports)))
        (self.config / "configuration.yaml").write_text(configuration)
        # `http:` in YAML is only a trial, that Home Assistant reverts after five minutes.
        http = {"stable": _http(self.port), "pending": None, "yaml_migration_done": True}
        _write_store(storage, "http", (2, 2), http)
        if not (storage / "onboarding").exists():
            # Leaves only the step that creates a user; others would set up integrations that use the internet.
            _write_store(storage, "onboarding", (4, 1), {"done": ["core_config", "analytics", "integration"]})
        place = self.config / "custom_components" / COMPONENT.name
        place.parent.mkdir(exist_ok=True)
        if place.is_symlink():
            place.unlink()
        if copy:
            shutil.copytree(COMPONENT, place, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            place.symlink_to(COMPONENT.resolve(), target_is_directory=True)

    async def start(self) -> None:
        """Start, and return once it answers."""
        with self.log.open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "homeassistant", "--skip-pip", "-c", str(self.config)),
                # Without the folder of the sources: Home Assistant has to find the integration where it was placed.
                cwd=self.config,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Ctrl-C goes to the starting process alone, which stops Home Assistant in order.
                start_new_session=True,
            )
        try:
            async with asyncio.timeout(FIRST_START), aiohttp.ClientSession() as session:
                while not await self._answers(session):
                    self.check()
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise HarnessError(f"Home Assistant does not answer. {self.last_words()}") from None

    async def _answers(self, session: aiohttp.ClientSession) -> bool:
        with suppress(aiohttp.ClientError):
            async with session.get(f"{self.url}/manifest.json") as response:
                return response.ok
        return False

    def check(self) -> None:
        """Raise HarnessError if Home Assistant has ended."""
        if self._process is not None and self._process.returncode is not None:
            raise HarnessError(f"Home Assistant ended with code {self._process.returncode}. {self.last_words()}")

    def last_words(self, lines: int = 12) -> str:
        """Return the end of the log."""
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join([f"The end of {self.log}:", *(f"  {line}" for line in text.splitlines()[-lines:])])

    async def end(self, patience: float) -> int | None:
        """Wait for Home Assistant to end by itself; return its exit code, or None if it does not."""
        try:
            return await asyncio.wait_for(self._process.wait(), patience) if self._process else 0
        except TimeoutError:
            return None

    async def stop(self) -> None:
        """Stop by signal, as a service manager does; kill it if that is ignored."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), STOP)
        except TimeoutError:
            await self.kill()

    async def kill(self) -> None:
        """Kill it, as a power failure would."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def __aenter__(self) -> Self:
        """Start."""
        try:
            await self.start()
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop."""
        await self.stop()

    @override
    def __repr__(self) -> str:
        return f"<HomeAssistant {self.url} in {self.config}>"


def _write_store(storage: Path, key: str, version: tuple[int, int], data: dict[str, Any]) -> None:
    """Write one file of Home Assistant's storage."""
    store = {"version": version[0], "minor_version": version[1], "key": key, "data": data}
    (storage / key).write_text(json.dumps(store, indent=2))


def _http(port: int) -> dict[str, Any]:
    """Return the stored configuration of a web server that only this machine reaches."""
    return {
        "server_host": [LOOPBACK],
        "server_port": port,
        "cors_allowed_origins": [],
        "login_attempts_threshold": -1,
        "ip_ban_enabled": False,
        "ssl_profile": "modern",
        "use_x_frame_options": True,
        "created_at": "2026-01-01T00:00:00+00:00",
        "error": None,
        "error_message": None,
    }
