"""Work that runs to its end even if its caller is cancelled."""

import asyncio
from collections.abc import Coroutine
from functools import partial
import logging
from typing import Any, Final

from homeassistant.core import HomeAssistant

from ..const import DOMAIN
from ..exports import ExportError

_LOGGER: Final = logging.getLogger(__name__)


async def async_to_the_end[T](hass: HomeAssistant, name: str, work: Coroutine[Any, Any, T]) -> T:
    """Return or raise what work does; the work goes on if the caller is cancelled.

    What it raises then is logged with `name`, which may be logged.
    """
    task = hass.async_create_task(work, f"{DOMAIN} history")
    try:
        # Not asyncio.shield, which also logs expected failures as faults of the program.
        await asyncio.wait([task])
    except asyncio.CancelledError:
        task.add_done_callback(partial(_log_failure, name))
        raise
    return task.result()


def _log_failure(name: str, task: asyncio.Task[Any]) -> None:
    """Log the failure of work whose caller is gone."""
    if task.cancelled() or (error := task.exception()) is None:
        return
    if isinstance(error, ExportError):
        _LOGGER.warning("%s: a change to its history, whose caller was cancelled, has failed: %s", name, error.reason)
    else:
        _LOGGER.error("%s: a change to its history, whose caller was cancelled, has failed", name, exc_info=error)
