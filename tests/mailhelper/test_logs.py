"""What is written to the log when something fails."""

import io
import logging
import sys
from typing import Any

import pytest
from django.conf import settings

from mailhelper.logs import LineFormatter


def fail() -> None:
    try:
        raise KeyError("first words of a mail")
    except KeyError as cause:
        raise ValueError("second words of a mail") from cause


def logged() -> str:
    """A line with the exception of `fail`, as the product writes it."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(LineFormatter("{levelname} {name}: {message}", style="{"))
    try:
        fail()
    except ValueError:
        record = logging.LogRecord("mail", logging.ERROR, __file__, 1, "It failed", None, sys.exc_info())
        handler.emit(record)
    return written.getvalue()


def test_an_exception_is_told_by_class_and_place() -> None:
    text = logged()
    assert text.startswith("ERROR mail: It failed\nKeyError, raised through:\n")
    assert text.index("KeyError") < text.index("ValueError")
    assert f"  {__file__}:" in text
    assert " fail\n" in text


def test_an_exceptions_text_is_not_written() -> None:
    assert "words" not in logged()


def test_a_ring_of_causes_ends() -> None:
    one, other = ValueError("a"), KeyError("b")
    one.__cause__, other.__cause__ = other, one
    text = LineFormatter().formatException((ValueError, one, None))
    assert text.splitlines() == ["KeyError, raised through:", "ValueError, raised through:"]


@pytest.mark.parametrize("name", ["", "django.request", "celery", "mail.sync"])
def test_every_logger_ends_in_a_handler_that_writes_so(name: str) -> None:
    configured: Any = settings.LOGGING
    assert all(not logger.get("handlers") for logger in configured["loggers"].values())
    handlers = [one for one in logging.getLogger().handlers if type(one) is logging.StreamHandler]
    assert handlers
    assert all(isinstance(handler.formatter, LineFormatter) for handler in handlers)
    assert logging.getLogger(name).propagate or not name
