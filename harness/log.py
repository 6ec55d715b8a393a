"""Finds errors of the integration in Home Assistant's log."""

from collections.abc import Iterator
import re

OURS = "custom_components.emucs"
LOG_LINE = re.compile(r"^[\d-]+ [\d:.]+ (?P<level>[A-Z]+) \([^)]*\) \[(?P<logger>[^]]+)]")


def errors(text: str) -> Iterator[str]:
    """Yield errors that the integration logged, and any with its code in the traceback."""
    entries: list[list[str]] = []
    for line in text.splitlines():
        if LOG_LINE.match(line) or not entries:
            entries.append([])
        entries[-1].append(line)
    for entry in entries:
        match = LOG_LINE.match(entry[0])
        if match and match["level"] in ("ERROR", "CRITICAL") and any(name in "\n".join(entry) for name in _NAMES):
            yield "\n".join(entry)


_NAMES = (f"[{OURS}", OURS.replace(".", "/"))
