"""The steps of *Configure* that import history and undo imports."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Final

from homeassistant.components.file_upload import process_uploaded_file
from homeassistant.config_entries import (
    SOURCE_INTEGRATION_DISCOVERY,
    ConfigEntryState,
    ConfigFlowResult,
    OptionsFlowWithReload,
)
from homeassistant.const import CONF_NAME
from homeassistant.core import callback
from homeassistant.helpers import discovery_flow
from homeassistant.helpers.selector import (
    BooleanSelector,
    FileSelector,
    FileSelectorConfig,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)
import probatio

from ..const import CONF_EAN, DOMAIN
from ..exports import ExportError, Layer
from ..texts import async_exception_text, async_language, async_words
from . import Part, async_parts, importer_of
from .parts import Export
from .plan import Plan
from .report import text_of, title_of, totals_of

CONF_FILE: Final = "file"
CONF_CONFIRMED: Final = "confirmed"
CONF_IMPORT: Final = "import"
CONF_REPLACE: Final = "replace"
CONF_OFFER: Final = "offer"
DETAIL: Final = "detail"
"""The only error and its placeholder, which holds the text of an exception."""
_STEP: Final = 0.02
# Seconds: work that takes no longer shows no progress, and how long progress is shown at least.
_AT_ONCE: Final = 2.0
_LEAST_SHOWN: Final = 3.0
_PORTAL: Final = "mijn.fluvius.be"
_ENERGY_DASHBOARD: Final = "/energy"

_FILE: Final = probatio.Schema(
    {probatio.Required(CONF_FILE): FileSelector(FileSelectorConfig(accept=".csv,.zip,.json,.xlsx"))}
)
_NOTHING_TO_FILL_IN: Final = probatio.Schema({})


class HistorySteps(OptionsFlowWithReload):
    """Imports an export into the history of a meter, or undoes an import. Options are not changed."""

    _task: asyncio.Task[ExportError | None] | None = None
    _shown_since: float | None = None
    """When progress was first shown, in event loop time."""
    _language: str | None = None
    _asked: str
    """The step that asks, which is shown again if the work fails."""
    _error: ExportError | None = None
    _export: Export
    _parts: list[Part]
    _plans: list[Plan]
    """Of the parts of the export, in their order: that of this entry is the first."""
    _replace = False
    _offers = False
    _file: str
    _layers: list[Layer]
    _chosen: str
    _done = 0.0

    async def async_step_import_history(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for a file."""
        self._asked = "import_history"
        if (result := await self._async_begin()) is not None:
            return result
        if user_input is not None:
            self._file = user_input[CONF_FILE]
            return await self.async_step_read()
        error, self._error = self._error, None
        return self.async_show_form(
            step_id="import_history",
            data_schema=_FILE,
            errors={CONF_FILE: DETAIL} if error else None,
            description_placeholders={"portal": _PORTAL, **(await self._async_detail(error) if error else {})},
        )

    async def async_step_read(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Read the file."""
        return await self._async_progress("read", self._async_read, "summary")

    async def async_step_summary(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show what would be written, and where it differs from what is there."""
        if not (self._is_new or self._can_replace or self._export.unknown):
            return self.async_abort(reason="nothing_new")
        error = None
        if user_input is not None:
            self._replace = user_input.get(CONF_REPLACE, False)
            self._offers = user_input.get(CONF_OFFER, False)
            if self._export.certain or user_input.get(CONF_CONFIRMED):
                return await self.async_step_write()
            error = ExportError("unconfirmed")
        return self.async_show_form(
            step_id="summary",
            data_schema=self._summary_schema(),
            errors={CONF_CONFIRMED: DETAIL} if error else {},
            description_placeholders={
                **(await self._async_detail(error) if error else {}),
                "files": ", ".join(self._export.files),
                "rows": str(self._export.rows),
                "summary": await self._async_summary(),
            },
        )

    def _summary_schema(self) -> probatio.Schema:
        """Return what is asked: whether the export is of this meter, and what it is to do beside adding what is new."""
        fields: dict[probatio.Marker, object] = {}
        if not self._export.certain:
            fields[probatio.Required(CONF_CONFIRMED, default=False)] = BooleanSelector()
        if self._can_replace:
            fields[probatio.Required(CONF_REPLACE, default=False)] = BooleanSelector()
        if self._export.unknown:
            fields[probatio.Required(CONF_OFFER, default=True)] = BooleanSelector()
        return probatio.Schema(fields)

    async def _async_summary(self) -> str:
        """Return what would be written, for each entry that has a part of the export."""
        words = await self._async_words()
        own, *others = (
            text_of(self.hass, part.export, plan, words) for part, plan in zip(self._parts, self._plans, strict=True)
        )
        parts = (f"### {part.entry.title}\n\n{text}" for part, text in zip(self._parts[1:], others, strict=True))
        return "\n\n".join([own, *parts])

    @property
    def _can_replace(self) -> bool:
        """Tell whether earlier imports have other values."""
        return any(plan.can_replace for plan in self._plans)

    @property
    def _is_new(self) -> bool:
        """Tell whether there is anything to write."""
        return any(plan.is_new for plan in self._plans)

    async def async_step_write(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Write."""
        return await self._async_progress("write", self._async_write, "imported")

    async def async_step_imported(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show what was written, and where to see it."""
        if self._offers:
            self._async_offer()
        if not self._is_new and self._offers:
            return self.async_abort(reason="offered")
        if not self._is_new:
            return self.async_abort(reason="nothing_new")
        words = await self._async_words()
        layers = (plan.layer for plan in self._plans if plan.is_new)
        return self.async_abort(
            reason="imported",
            description_placeholders={
                "title": title_of(next(layers), words),
                "totals": "\n".join(filter(None, (totals_of(self.hass, plan) for plan in self._plans))),
                "energy": _ENERGY_DASHBOARD,
            },
        )

    @callback
    def _async_offer(self) -> None:
        """Offer what is of no entry as new metering points, beside what Home Assistant has discovered."""
        for ean, name in self._export.unknown.items():
            discovery_flow.async_create_flow(
                self.hass,
                DOMAIN,
                context={"source": SOURCE_INTEGRATION_DISCOVERY},
                data={CONF_EAN: ean, CONF_NAME: name},
            )

    async def async_step_undo_import(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask which import to undo."""
        self._asked = "undo_import"
        if (result := await self._async_begin()) is not None:
            return result
        if user_input is not None:
            self._chosen = user_input[CONF_IMPORT]
            return await self.async_step_undo()
        if not self._layers:
            return await self._async_refuse(ExportError("nothing_to_undo"))
        words = await self._async_words()
        imports = [SelectOptionDict(value=layer.id, label=title_of(layer, words)) for layer in reversed(self._layers)]
        selector = SelectSelector(SelectSelectorConfig(options=imports, mode=SelectSelectorMode.LIST))
        error, self._error = self._error, None
        return self.async_show_form(
            step_id="undo_import",
            data_schema=probatio.Schema({probatio.Required(CONF_IMPORT, default=imports[0]["value"]): selector}),
            errors={CONF_IMPORT: DETAIL} if error else None,
            description_placeholders=await self._async_detail(error) if error else None,
        )

    async def async_step_undo(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Undo the import."""
        return await self._async_progress("undo", self._async_undo, "undone")

    async def async_step_undone(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Say that the import was undone."""
        return self.async_abort(reason="undone")

    async def async_step_record_lost(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask whether to go on without the record of imports that cannot be read."""
        importer = importer_of(self.hass, self.config_entry)
        if user_input is not None:
            await importer.async_start_anew()
            self._error = None
            return await (
                self.async_step_undo_import() if self._asked == "undo_import" else self.async_step_import_history()
            )
        words = await self._async_words()
        found = [title_of(layer, words) for layer in await importer.async_imports_found()]
        return self.async_show_form(
            step_id="record_lost",
            data_schema=_NOTHING_TO_FILL_IN,
            description_placeholders={
                "file": self._error.file if self._error else "",
                "imports": "\n".join(f"- {title}" for title in found) or "-",
            },
        )

    async def _async_begin(self) -> ConfigFlowResult | None:
        """Load the record of imports; return another step if that fails."""
        if self._language is None:
            self._language = await async_language(self.hass)
        if self.config_entry.state is not ConfigEntryState.LOADED:
            return await self._async_refuse(ExportError("entry_not_loaded"))
        try:
            self._layers = await importer_of(self.hass, self.config_entry).async_imports()
        except ExportError as error:
            self._error = error
            if error.reason == "record_unreadable":
                return await self.async_step_record_lost()
            return await self._async_refuse(error)
        return None

    async def _async_refuse(self, error: ExportError) -> ConfigFlowResult:
        """End the flow with what is wrong."""
        return self.async_abort(reason=DETAIL, description_placeholders=await self._async_detail(error))

    async def _async_detail(self, error: ExportError) -> dict[str, str]:
        """Return the placeholder with what is wrong and what to do, in the same text as for actions."""
        language = self._language or self.hass.config.language
        return {DETAIL: await async_exception_text(self.hass, f"export_{error.reason}", error.placeholders, language)}

    async def _async_progress(
        self, step: str, work: Callable[[], Coroutine[Any, Any, None]], then: str
    ) -> ConfigFlowResult:
        """Do work, then continue with the next step, or with the one that asked if the work fails.

        Progress is shown if it takes long, and then for a while: the frontend misses an end that comes too early.
        """
        is_new = self._task is None
        if self._task is None:
            self._task = self.hass.async_create_task(self._async_outcome(work()), f"{DOMAIN} history {step}")
            await asyncio.wait([self._task], timeout=_AT_ONCE)
        if not self._task.done():
            self._shown_since = self.hass.loop.time()
            return self.async_show_progress(step_id=step, progress_action=step, progress_task=self._task)
        self._error, self._task = self._task.result(), None
        following = self._asked if self._error else then
        if is_new:
            result: ConfigFlowResult = await getattr(self, f"async_step_{following}")()
            return result
        return self.async_show_progress_done(next_step_id=following)

    async def _async_outcome(self, work: Coroutine[Any, Any, None]) -> ExportError | None:
        """Do work; return its error, if any."""
        error = None
        try:
            await work
        except ExportError as failure:
            error = failure
        if self._shown_since is not None:
            since, self._shown_since = self._shown_since, None
            await asyncio.sleep(max(0.0, since + _LEAST_SHOWN - self.hass.loop.time()))
        return error

    async def _async_read(self) -> None:
        """Read the uploaded file, and plan the import."""
        importer = importer_of(self.hass, self.config_entry)
        self._done = 0.0

        def tell(share: float) -> None:
            """Report the progress of reading, in steps."""
            if share - self._done >= _STEP:
                self._done = share
                self.hass.loop.call_soon_threadsafe(self.async_update_progress, share)

        try:
            upload = process_uploaded_file(self.hass, self._file)
            self._export = await importer.async_read(upload, progress=tell)
        except ValueError as error:
            raise ExportError("unreadable", str(error), file=Path(self._file).name) from error
        self._parts = async_parts(self.hass, self.config_entry, self._export)
        self._plans = [await part.async_plan(replace_earlier=False) for part in self._parts]

    async def _async_write(self) -> None:
        """Write what was shown."""
        self._plans = [await part.async_import(replace_earlier=self._replace) for part in self._parts]

    async def _async_undo(self) -> None:
        """Undo the chosen import."""
        await importer_of(self.hass, self.config_entry).async_undo(self._chosen)

    async def _async_words(self) -> dict[str, str]:
        """Return templates in the user's language."""
        return await async_words(self.hass, "history", self._language or self.hass.config.language)
