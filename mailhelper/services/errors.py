"""The one error of this package: its text is a whole sentence for the person at the terminal."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class ServiceError(Exception):
    """Something that a service needs is missing or refused; the text says what and what to do."""


@contextmanager
def told_plainly(folder: Path) -> Iterator[None]:
    """Turn what the file system refuses below `folder` into a ServiceError of one line."""
    try:
        yield
    except OSError as refusal:
        raise ServiceError(_sentence(refusal, folder)) from refusal


def _sentence(refusal: OSError, folder: Path) -> str:
    place = refusal.filename or folder
    if refusal.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"The disk that holds {folder} is full: free some space and start again."
    if refusal.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"{place} cannot be written by this user: change its owner, or set DATA_DIR to another folder."
    return f"{place}: {refusal.strerror or refusal}."
