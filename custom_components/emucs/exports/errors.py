"""What can be wrong with an export."""

from typing import Final

REASONS: Final = frozenset(
    {
        *("bad_archive", "bad_line", "changed_outside", "conflict", "empty", "mixed", "no_recorder", "not_an_export"),
        *("not_kept", "not_text", "nothing_in_archive", "record_unreadable", "removed", "too_large", "truncated"),
        *("unconfirmed", "unknown_recorder", "unreadable", "wrong_meter"),
    }
)
"""Why an export is not taken: each of them has a text for the user."""


class ExportError(Exception):
    """An export that cannot be taken: why (`reason`), in which file and line, and what stands there."""

    def __init__(self, reason: str, detail: str = "", *, file: str = "", line: int = 0) -> None:
        """Keep what a text for the user is made of."""
        super().__init__(f"{file}, line {line}: {reason} {detail}".strip())
        self.reason = reason
        self.detail = detail
        self.file = file
        self.line = line

    @property
    def placeholders(self) -> dict[str, str]:
        """Return what the translated text is filled in with."""
        return {"file": self.file, "line": str(self.line), "detail": self.detail[:120]}
