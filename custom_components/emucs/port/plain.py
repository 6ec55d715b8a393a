"""Sanitises untrusted text: one line, no markup, bounded."""

import re
from typing import Final

LONGEST_TEXT: Final = 2048
"""Characters; the longest message that DSMR P1 has is of 1024."""
LONGEST_NAME: Final = 96
"""Characters of identifiers, identifications and units; the longest that DSMR P1 has is of 48."""

# Escape sequences and line ends, invisible characters that turn the direction of text, and the marks without which
# neither HTML nor links nor pictures in Markdown nor templates can be made.
_MARKS: Final = "[<>\\[\\]{}`\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]"
_ANY_MARK: Final = re.compile(_MARKS)
_MARKUP: Final = re.compile(f"<[^<>]*>|{_MARKS}+")


def plain(text: str, longest: int = LONGEST_TEXT) -> str:
    """Return a text on one line, without markup, of so many characters at most."""
    short = text[:longest]
    # Most texts have none, and that is seen faster than it is taken out.
    return short if short.isalnum() else (_MARKUP.sub(" ", short) if _ANY_MARK.search(short) else short).strip()
