"""What the integration would know if it had read the meter for two weeks: its own insights, fed with the past.

Statistics bring back energy alone. Voltages, leaks, time bands and costs are in no export: they are written to the
stores of the entry, while it is disabled.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
import json
from pathlib import Path
from typing import Any, Final

from custom_components.emucs.insight.meter import MeterInsights
from custom_components.emucs.insight.silence import LongestSilence
from custom_components.emucs.insight.voltage import Voltage
from custom_components.emucs.port.telegram import TelegramParser
from custom_components.emucs.storage import SERIES, STATE
from harness.api import Api
from harness.entities import DOMAIN
from harness.entry import until_loaded

from .life import Read

_RECENT: Final = timedelta(hours=25)


class Memory:
    """What follows from telegrams of the past, and what charts show of them."""

    def __init__(self, meter_id: str, options: Mapping[str, Any]) -> None:
        """Start with nothing known of a meter; the options are those of its entry."""
        self._insights = MeterInsights(meter_id, options)
        self.voltages: dict[str, list[tuple[float, float]]] = {}
        """Means of ten minutes in V over the last day, with seconds since 1970, by the key of the sensor."""

    def learn(self, telegrams: Sequence[Read]) -> None:
        """Feed telegrams to the insights. Takes seconds."""
        parser, end = TelegramParser(), telegrams[-1].time
        for time, frame in telegrams:
            if telegram := parser.parse(frame):
                self._insights.feed(telegram, time)
                if end - time < _RECENT:
                    self._note(time)

    def _note(self, time: datetime) -> None:
        """Keep what charts show."""
        if (voltage := self._insights[Voltage].state) is None:
            return
        for phase, mean in voltage.means.items():
            if mean is not None:
                self.voltages.setdefault(f"voltage_10min_{phase}", []).append((time.timestamp(), mean))

    async def hand_over(self, api: Api, config: Path) -> None:
        """Put it into the stores of the entry of the Home Assistant with this configuration folder."""
        [entry] = await api.command("config_entries/get", domain=DOMAIN)
        # What an entry knows is written when it ends, and read when it begins.
        await api.command("config_entries/disable", entry_id=entry["entry_id"], disabled_by="user")
        key = f"{DOMAIN}.{entry['entry_id']}"
        # Read once a minute, its port would seem to have been silent for as long.
        state = {name: saved for name, saved in self._insights.save().items() if name != LongestSilence.name}
        for suffix, content in {STATE: state, SERIES: self._insights.save_series()}.items():
            await asyncio.to_thread(_replace, config / ".storage" / f"{key}{suffix}", content)
        await api.command("config_entries/disable", entry_id=entry["entry_id"], disabled_by=None)
        await until_loaded(api)


def _replace(store: Path, content: Mapping[str, Any]) -> None:
    """Replace the content of a store that Home Assistant has written."""
    store.write_text(json.dumps(json.loads(store.read_text()) | {"data": content}))
