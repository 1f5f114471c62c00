"""Errors of tasks are codes: what Celery stores, logs and shows of them holds no word of anyone's mail."""

import functools
import logging
import traceback
from collections.abc import Callable
from typing import ParamSpec, TypeVar

logger = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")


class TaskFailed(Exception):
    """Why a task failed: a code, or the name of an exception's class."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def coded(function: Callable[P, R]) -> Callable[P, R]:
    """A task's function whose errors leave it as TaskFailed, noted with the place but without their text."""

    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except TaskFailed:
            raise
        except Exception as error:  # noqa: BLE001  (any text could be mail; it must not reach the result)
            kind = type(error).__name__
            logger.error("%s failed: %s at %s", function.__name__, kind, _places(error))
        raise TaskFailed(kind)

    return run


def _places(error: Exception) -> str:
    """Where it happened, innermost last: files, lines and functions, no values."""
    frames = traceback.extract_tb(error.__traceback__)[-4:]
    return " < ".join(f"{frame.filename}:{frame.lineno} {frame.name}" for frame in reversed(frames))
