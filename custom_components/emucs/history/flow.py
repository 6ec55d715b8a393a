"""The flow that imports history: choose a file, see what it would do, and let it be written."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Final

from homeassistant.components.file_upload import process_uploaded_file
from homeassistant.config_entries import ConfigEntryState, ConfigSubentryFlow, SubentryFlowResult
from homeassistant.helpers.selector import BooleanSelector, FileSelector, FileSelectorConfig
from homeassistant.helpers.translation import async_get_translations
import probatio

from ..const import DOMAIN
from ..exports import ExportError
from .importer import importer_of
from .plan import Export, Plan
from .report import text_of, title_of

SUBENTRY_HISTORY: Final = "history"
CONF_LAYER: Final = "layer"
CONF_FILE: Final = "file"
CONF_CONFIRMED: Final = "confirmed"
_STEP: Final = 0.02

_FILE: Final = probatio.Schema(
    {probatio.Required(CONF_FILE): FileSelector(FileSelectorConfig(accept=".csv,.zip,.json"))}
)
_CONFIRM: Final = probatio.Schema({probatio.Required(CONF_CONFIRMED, default=False): BooleanSelector()})


class HistoryFlow(ConfigSubentryFlow):
    """Imports an export into the history of a meter; what it leaves is the import, which can be removed again."""

    _task: asyncio.Task[None] | None = None
    _export: Export
    _plan: Plan
    _file: str
    _error: ExportError | None = None
    _done = 0.0

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask for a file."""
        if self._get_entry().state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="entry_not_loaded")
        if user_input is not None:
            self._file = user_input[CONF_FILE]
            return await self.async_step_read()
        error, self._error = self._error, None
        return self.async_show_form(
            step_id="user",
            data_schema=_FILE,
            errors={CONF_FILE: error.reason} if error else None,
            description_placeholders={"portal": "mijn.fluvius.be", **(error.placeholders if error else {})},
        )

    async def async_step_read(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Read the file."""
        return self._async_progress("read", self._async_read, "summary")

    async def async_step_summary(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Show what would be written, and where it differs from what is there."""
        if not self._plan.is_new:
            return self.async_abort(reason="nothing_new")
        errors = {}
        if user_input is not None:
            if self._export.certain or user_input.get(CONF_CONFIRMED):
                return await self.async_step_write()
            errors[CONF_CONFIRMED] = "unconfirmed"
        return self.async_show_form(
            step_id="summary",
            data_schema=probatio.Schema({}) if self._export.certain else _CONFIRM,
            errors=errors,
            description_placeholders={
                "files": ", ".join(self._export.files),
                "rows": str(self._export.rows),
                "summary": text_of(self.hass, self._export, self._plan, await self._async_words("history")),
            },
        )

    async def async_step_write(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Write."""
        return self._async_progress("write", self._async_write, "finish")

    async def async_step_finish(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Leave the import as a part of the entry."""
        if not self._plan.is_new:
            return self.async_abort(reason="nothing_new")
        layer = self._plan.layer
        return self.async_create_entry(title=title_of(self._plan), data={CONF_LAYER: layer.id}, unique_id=layer.id)

    def _async_progress(
        self, step: str, work: Callable[[], Coroutine[Any, Any, None]], then: str
    ) -> SubentryFlowResult:
        """Show that work is done, then what comes after it: the first step again where it fails."""
        if self._task is None:
            self._task = self.hass.async_create_task(work(), f"{DOMAIN} history {step}")
        if not self._task.done():
            return self.async_show_progress(step_id=step, progress_action=step, progress_task=self._task)
        task, self._task = self._task, None
        try:
            task.result()
        except ExportError as error:
            self._error = error
            return self.async_show_progress_done(next_step_id="user")
        return self.async_show_progress_done(next_step_id=then)

    async def _async_read(self) -> None:
        """Read the file that was uploaded, and work out what it would do."""
        importer = importer_of(self.hass, self._get_entry())
        self._done = 0.0

        def tell(share: float) -> None:
            """Tell how far reading is, a few times in all."""
            if share - self._done >= _STEP:
                self._done = share
                self.hass.loop.call_soon_threadsafe(self.async_update_progress, share)

        try:
            upload = process_uploaded_file(self.hass, self._file)
            self._export = await importer.async_read(upload, progress=tell)
        except ValueError as error:
            raise ExportError("unreadable", str(error), file=Path(self._file).name) from error
        self._plan = await importer.async_plan(self._export)

    async def _async_write(self) -> None:
        """Write what was shown."""
        self._plan = await importer_of(self.hass, self._get_entry()).async_import(self._export)

    async def _async_words(self, group: str) -> dict[str, str]:
        """Return translated templates."""
        prefix = f"component.{DOMAIN}.selector.{group}.options."
        texts = await async_get_translations(self.hass, self.hass.config.language, "selector", [DOMAIN])
        return {key.removeprefix(prefix): text for key, text in texts.items() if key.startswith(prefix)}
