"""Errors of CSV by file and line, whatever they are about."""

from collections.abc import Iterator
from contextlib import contextmanager
import csv
from typing import TYPE_CHECKING

from .errors import ExportError
from .intervals import ConflictError

if TYPE_CHECKING:
    from _csv import Reader


@contextmanager
def errors_by_line(reader: Reader, file: str) -> Iterator[None]:
    """Raise what goes wrong as ExportError with the name of the file, and the line that the reader is in."""
    try:
        yield
    except ConflictError as error:
        raise ExportError("conflict", str(error), file=file, line=reader.line_num) from error
    except UnicodeDecodeError as error:
        raise ExportError("not_text", file=file, line=reader.line_num + 1) from error
    except csv.Error as error:
        raise ExportError("not_an_export", str(error), file=file, line=reader.line_num) from error
    except ExportError as error:
        raise ExportError(error.reason, error.detail, file=file, line=reader.line_num) from error
