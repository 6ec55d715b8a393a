"""The actions that import history and undo an import."""

from contextlib import nullcontext
from pathlib import Path
from typing import Final

from homeassistant.const import ATTR_CONFIG_ENTRY_ID
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse, callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv
import probatio

from ..const import DOMAIN
from ..exports import ExportError
from ..kinds import WITH_IMPORTS
from ..services import async_entry_of, async_require_admin
from . import async_parts, importer_of
from .report import response_of

SERVICE_IMPORT_HISTORY: Final = "import_history"
SERVICE_UNDO_IMPORT: Final = "undo_import"
ATTR_PATH: Final = "path"
ATTR_DRY_RUN: Final = "dry_run"
ATTR_CONFIRMED: Final = "confirmed"
ATTR_REPLACE: Final = "replace"

_IMPORT_HISTORY: Final = probatio.Schema(
    {
        probatio.Required(ATTR_CONFIG_ENTRY_ID): cv.string,
        probatio.Required(ATTR_PATH): cv.string,
        probatio.Optional(ATTR_DRY_RUN, default=True): cv.boolean,
        probatio.Optional(ATTR_CONFIRMED, default=False): cv.boolean,
        probatio.Optional(ATTR_REPLACE, default=False): cv.boolean,
    }
)
_UNDO_IMPORT: Final = probatio.Schema({probatio.Required(ATTR_CONFIG_ENTRY_ID): cv.string})


@callback
def async_setup_history_services(hass: HomeAssistant) -> None:
    """Register the actions on history."""
    hass.services.async_register(
        DOMAIN,
        SERVICE_IMPORT_HISTORY,
        _async_import_history,
        schema=_IMPORT_HISTORY,
        supports_response=SupportsResponse.OPTIONAL,
    )
    hass.services.async_register(
        DOMAIN,
        SERVICE_UNDO_IMPORT,
        _async_undo_import,
        schema=_UNDO_IMPORT,
        supports_response=SupportsResponse.OPTIONAL,
    )


async def _async_import_history(call: ServiceCall) -> ServiceResponse:
    """Import an export, or only report what that would do."""
    await async_require_admin(call)
    entry = await async_entry_of(call, *WITH_IMPORTS)
    path = Path(call.data[ATTR_PATH])
    if not await call.hass.async_add_executor_job(call.hass.config.is_allowed_path, str(path)):
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="path_not_allowed",
            translation_placeholders={"path": str(path)},
        )
    dry_run, replace_earlier = call.data[ATTR_DRY_RUN], call.data[ATTR_REPLACE]
    try:
        export = await importer_of(call.hass, entry).async_read(nullcontext(path))
        if not dry_run and not call.data[ATTR_CONFIRMED]:
            export.require_certain()
        parts = async_parts(call.hass, entry, export)
        if dry_run or parts[1:]:
            # Nothing of the first is written if another one cannot be.
            plans = [await part.async_plan(replace_earlier=replace_earlier) for part in parts]
        if not dry_run:
            plans = [await part.async_import(replace_earlier=replace_earlier) for part in parts]
    except ExportError as error:
        raise export_error(error) from error
    own, *others = (
        response_of(part.export, plan, written=plan.is_new and not dry_run)
        for part, plan in zip(parts, plans, strict=True)
    )
    return own | {"other_entries": {part.entry.entry_id: each for part, each in zip(parts[1:], others, strict=True)}}


async def _async_undo_import(call: ServiceCall) -> ServiceResponse:
    """Undo the last import."""
    await async_require_admin(call)
    entry = await async_entry_of(call, *WITH_IMPORTS)
    try:
        layer = await importer_of(call.hass, entry).async_undo()
    except ExportError as error:
        raise export_error(error) from error
    if layer is None:
        raise export_error(ExportError("nothing_to_undo"))
    return {"import_id": layer.id, "created": layer.created, "files": list(layer.files)}


def export_error(error: ExportError) -> ServiceValidationError:
    """Return an error with the text of its reason."""
    return ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key=f"export_{error.reason}",
        translation_placeholders=error.placeholders,
    )
