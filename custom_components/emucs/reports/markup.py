"""HTML and SVG of template strings: whatever is filled in is escaped, unless it is markup itself."""

from collections.abc import Iterable
from html import escape
from string.templatelib import Interpolation, Template
from typing import final


@final
class Markup(str):
    """Text that is HTML. Only `markup` makes it, and what reads files of the integration's own."""

    __slots__ = ()


def markup(template: Template) -> Markup:
    """Return a template as HTML: markup as it is, iterables one after the other, None as nothing, all else escaped."""
    return Markup("".join(part if isinstance(part, str) else _filled_in(part) for part in template))


def _filled_in(part: Interpolation[object]) -> str:
    """Return what stands in the place of an interpolation."""
    value = part.value
    if isinstance(value, Markup):
        return value
    if value is None:
        return ""
    if isinstance(value, Iterable) and not isinstance(value, str):
        return "".join(each if isinstance(each, Markup) else escape(str(each)) for each in value)
    return escape(format(value, part.format_spec))
