"""Finds errors of the integration in Home Assistant's log."""

from collections.abc import Iterator
import re

OURS = "custom_components.emucs"
LOG_LINE = re.compile(r"^[\d-]+ [\d:.]+ (?P<level>[A-Z]+) \([^)]*\) \[(?P<logger>[^]]+)]")


def entries(text: str) -> Iterator[tuple[re.Match[str], str]]:
    """Yield what was logged: its first line, matched, and all of it, such as a traceback."""
    found: list[tuple[re.Match[str], list[str]]] = []
    for line in text.splitlines():
        if match := LOG_LINE.match(line):
            found.append((match, []))
        if found:
            found[-1][1].append(line)
    for match, lines in found:
        yield match, "\n".join(lines)


def errors(text: str) -> Iterator[str]:
    """Yield errors that the integration logged, and any with its code in the traceback."""
    for match, entry in entries(text):
        if match["level"] in ("ERROR", "CRITICAL") and any(name in entry for name in _NAMES):
            yield entry


_NAMES = (f"[{OURS}", OURS.replace(".", "/"))
