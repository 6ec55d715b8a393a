"""Work that runs to its end, whoever waits for it until then."""

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
    """Return what work returns, or raise what it raises; it goes on when the caller is cancelled.

    What it raises then is logged, with a name that may be in a log.
    """
    task = hass.async_create_task(work, f"{DOMAIN} history")
    try:
        # Not asyncio.shield: it logs an expected failure, too, as a fault of the program.
        await asyncio.wait([task])
    except asyncio.CancelledError:
        task.add_done_callback(partial(_log_failure, name))
        raise
    return task.result()


def _log_failure(name: str, task: asyncio.Task[Any]) -> None:
    """Log what work has failed with that nobody waited for any more."""
    if task.cancelled() or (error := task.exception()) is None:
        return
    if isinstance(error, ExportError):
        _LOGGER.warning("%s: a change of its history, which nobody waited for, has failed: %s", name, error.reason)
    else:
        _LOGGER.error("%s: a change of its history, which nobody waited for, has failed", name, exc_info=error)
