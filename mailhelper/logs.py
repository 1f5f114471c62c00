"""Lines of the log: an exception is told by class and place, for its text could hold somebody's mail."""

import logging
import traceback
from collections.abc import Iterator
from types import TracebackType
from typing import TypeAlias

_ExcInfo: TypeAlias = (
    tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
)


class LineFormatter(logging.Formatter):
    """As the standard one, but for exceptions."""

    def formatException(self, ei: _ExcInfo) -> str:
        """Files, lines and functions, the outermost first, of the exception and of what led to it."""
        return "\n".join(line for error in _chain(ei[1]) for line in _told(error))


def _chain(error: BaseException | None) -> list[BaseException]:
    """The first cause first. A ring of causes is walked once."""
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return found[::-1]


def _told(error: BaseException) -> Iterator[str]:
    yield f"{type(error).__name__}, raised through:"
    for frame in traceback.extract_tb(error.__traceback__):
        yield f"  {frame.filename}:{frame.lineno} {frame.name}"
