"""What every page of a reader shows around its own: filled in with the pages."""

from typing import Any

from django.http import HttpRequest


def frame(request: HttpRequest) -> dict[str, Any]:
    """The rail and the header."""
    return {}
