"""The ledger of imports on disk: what was imported, and which change was cut off."""

import asyncio
from collections.abc import Mapping
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, override

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.json import json_bytes, json_fragment
from homeassistant.helpers.recorder import get_instance
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util
from homeassistant.util.json import json_loads_object

from ..const import DOMAIN
from ..exports import ExportError, Layer, Ledger, Location
from .recorder_rows import Rows, read

_KEY: Final = f"{DOMAIN}.history"
_VERSION: Final = 1
_MINOR_VERSION: Final = 1
_LONGEST_WRITE: Final = 60.0
_UNREADABLE: Final = (AttributeError, KeyError, TypeError, ValueError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A change on its way into the database: an import that is added or removed."""

    add: Layer | None = None
    remove: str | None = None
    probe: tuple[int, int, float | None] | None = None
    """A row that shows whether the change was made: metadata id, start, and its sum after it (None: deleted)."""

    def applied(self, ledger: Ledger) -> Ledger:
        """Return the ledger after the change."""
        return ledger.with_layer(self.add) if self.add else ledger.without(self.remove or "")

    def save(self) -> dict[str, Any]:
        """Return the change in its JSON form."""
        return {"add": self.add.save() if self.add else None, "remove": self.remove, "probe": self.probe}

    @classmethod
    def restore(cls, saved: Mapping[str, Any]) -> Pending:
        """Return what was saved; raises built-in errors if it cannot be read."""
        add, probe = saved["add"], saved["probe"]
        return cls(
            add=None if add is None else Layer.restore(add),
            remove=saved["remove"],
            probe=None if probe is None else (int(probe[0]), int(probe[1]), probe[2]),
        )

    def is_written(self, rows: Rows) -> bool:
        """Tell whether the database has the change, which is there completely or not at all."""
        return self.probe is None or rows.has(*self.probe)


class LedgerStore(Store[dict[str, Any]]):
    """The file of the ledger. Errors of writing are raised, not only logged."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Set up atomic writes, outside the event loop."""
        super().__init__(
            hass,
            _VERSION,
            _KEY,
            private=True,
            atomic_writes=True,
            minor_version=_MINOR_VERSION,
            serialize_in_event_loop=False,
        )
        self._failure: Exception | None = None

    async def async_write(self, data: dict[str, Any]) -> None:
        """Write, and return once it is synchronised to disk; ExportError if that fails."""
        if self.hass.is_stopping:
            raise ExportError("not_kept", "Home Assistant is stopping")
        self._failure = None
        try:
            await self.async_save(data)
        except OSError as error:
            self._failure = error
        if self._failure is not None:
            raise _not_kept(self._failure.__cause__ or self._failure) from self._failure

    @override
    async def _async_write_data(self, data: dict[str, Any]) -> None:
        """Write, and keep the error: the caller, Home Assistant's Store, only logs it."""
        try:
            await super()._async_write_data(data)
        except Exception as error:
            self._failure = error
            raise

    @override
    async def _async_migrate_func(
        self, old_major_version: int, old_minor_version: int, old_data: dict[str, Any]
    ) -> dict[str, Any]:
        """Return the data of another minor version: a later one only has more fields, which are kept."""
        return old_data


class Record:
    """The ledger, on disk before the first row of a change is written and before the change is reported."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Start with nothing in memory: imports are large, and rarely needed."""
        self._hass = hass
        self._store = LedgerStore(hass)
        self.lock = asyncio.Lock()
        """Held by whoever reads or changes the ledger."""
        self.locations: Mapping[Location, int | None] = {}
        """Where imports were written, and their first hour."""
        self.removed: set[str] = set()
        """Config entries that are being removed."""
        self.writing: tuple[str, Future[Any]] | None = None
        """The config entry being written for, and the job."""
        self.lost: Path | None = None
        """The unreadable ledger, which was set aside."""

    async def async_load(self) -> Ledger:
        """Return the ledger; a change that was cut off is settled by what the database has.

        ExportError if the ledger cannot be read: it is set aside, and not replaced until the user agrees.
        """
        if self.writing is not None and not self.writing[1].done():
            # Its caller was cancelled; only now is known what it has written.
            await asyncio.wait([asyncio.wrap_future(self.writing[1])])
        path = Path(self._store.path)
        is_there, aside = await self._hass.async_add_executor_job(_check, path)
        self.lost = None if is_there else aside or self.lost
        if self.lost is not None:
            raise ExportError("record_unreadable", file=self.lost.name)
        try:
            saved = await self._store.async_load()
            ledger, pending = await self._hass.async_add_executor_job(_restore, saved)
        except (HomeAssistantError, *_UNREADABLE) as error:
            self.lost = await self._hass.async_add_executor_job(_set_aside, path)
            raise ExportError("record_unreadable", file=self.lost.name) from error
        if pending is not None:
            instance = get_instance(self._hass)
            if await instance.async_add_executor_job(read, instance, pending.is_written):
                ledger = pending.applied(ledger)
            # On a full disk the file stays as it is, and is settled in the same way next time.
            with suppress(ExportError):
                await self.async_save(ledger)
        self.locations = await self._hass.async_add_executor_job(ledger.locations)
        return ledger

    async def async_save(self, ledger: Ledger) -> None:
        """Save the ledger; it is on disk when this returns. ExportError if that fails."""
        if ledger.layers:
            await self._store.async_write(await self._hass.async_add_executor_job(_data, ledger, None))
        else:
            # A meter whose imports were all undone leaves nothing behind.
            try:
                await self._store.async_remove()
            except OSError as error:
                raise _not_kept(error) from error
        self.locations = await self._hass.async_add_executor_job(ledger.locations)

    async def async_start_anew(self) -> None:
        """Go on without the unreadable ledger, which stays on disk under another name."""
        if self.lost is not None:
            await self._hass.async_add_executor_job(_rename, self.lost, "replaced")
        self.lost, self._store = None, LedgerStore(self._hass)

    def write_ahead(self, ledger: Ledger, pending: Pending) -> None:
        """Save what is about to be changed. Blocks, in the recorder's thread. ExportError if that fails."""
        writing = asyncio.run_coroutine_threadsafe(self._store.async_write(_data(ledger, pending)), self._hass.loop)
        try:
            writing.result(_LONGEST_WRITE)
        except TimeoutError as error:
            writing.cancel()
            raise ExportError("not_kept", "timeout") from error


def _not_kept(error: BaseException) -> ExportError:
    """Return the error for a record that cannot be written, without its path, which is private."""
    return ExportError("not_kept", getattr(error, "strerror", None) or type(error).__name__)


def _data(ledger: Ledger, pending: Pending | None) -> dict[str, Any]:
    """Return the data to write: compact, as Home Assistant would put each number on a line."""
    data = {"layers": ledger.save(), "pending": pending.save() if pending else None}
    return {name: json_fragment(json_bytes(value)) for name, value in data.items()}


def _restore(saved: Mapping[str, Any] | None) -> tuple[Ledger, Pending | None]:
    """Return what was written; raises built-in errors if it cannot be read."""
    if saved is None:
        return Ledger(), None
    pending = saved["pending"]
    return Ledger.restore(saved["layers"]), None if pending is None else Pending.restore(pending)


def _check(path: Path) -> tuple[bool, Path | None]:
    """Return whether the ledger exists, and where it was set aside if it is unreadable.

    Its envelope is checked here, as Home Assistant would replace a file that is not JSON.
    """
    if not path.exists():
        return False, max(path.parent.glob(f"{path.name}.unreadable.????????T??????"), default=None)
    try:
        envelope = json_loads_object(path.read_bytes())
        readable = isinstance(envelope["version"], int) and isinstance(envelope["data"], dict)
    except OSError as error:
        raise ExportError("record_unreadable", file=path.name) from error
    except (HomeAssistantError, *_UNREADABLE):
        readable = False
    return readable, None if readable else _set_aside(path)


def _set_aside(path: Path) -> Path:
    """Rename the ledger, which then stays for the user."""
    return _rename(path, f"unreadable.{datetime.now(dt_util.UTC):%Y%m%dT%H%M%S}")


def _rename(path: Path, end: str) -> Path:
    """Rename a ledger."""
    other = path.with_name(f"{path.name}.{end}")
    with suppress(FileNotFoundError):
        path.replace(other)
    return other
