"""The reasons for which an export is refused."""

from typing import Final

REASONS: Final = frozenset(
    {
        *("bad_archive", "bad_line", "changed_outside", "conflict", "dates_only", "empty", "entry_not_loaded", "mixed"),
        *("month_totals", "no_direction", "no_recorder", "not_an_export", "not_kept", "not_read", "not_text"),
        *("nothing_counted", "nothing_in_archive", "nothing_to_undo", "old_workbook"),
        *("portal_json", "record_unreadable", "removed", "too_large", "truncated", "unconfirmed"),
        *("unknown_recorder", "unreadable", "wrong_meter"),
    }
)
"""Why an export is refused: each reason has a text for the user."""


class ExportError(Exception):
    """An export is refused: why (`reason`), in which file and line, and what is written there (`detail`)."""

    def __init__(self, reason: str, detail: str = "", *, file: str = "", line: int = 0) -> None:
        """Keep the parts of the text for the user."""
        super().__init__(f"{file}, line {line}: {reason} {detail}".strip())
        self.reason = reason
        self.detail = detail
        self.file = file
        self.line = line

    @property
    def placeholders(self) -> dict[str, str]:
        """Return the placeholders of the translated text."""
        return {"file": self.file, "line": str(self.line), "detail": self.detail[:120]}
