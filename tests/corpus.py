"""Real mails for the tests: 400 of the SpamAssassin public corpus, as they came."""

import tarfile
from functools import cache

import pytest

from bench.corpus import archive
from mailhelper.services.errors import ServiceError

MOST = 400


@cache
def real_mails() -> tuple[bytes, ...]:
    """Ham, hard ham and spam; skips the test where they are nowhere to be had."""
    try:
        path = archive()
    except ServiceError as missing:
        pytest.skip(str(missing))
    with tarfile.open(path) as tar:
        names = sorted(one.name for one in tar if one.isfile() and one.name.endswith((".eml", ".txt")))
        names = [name for name in names if "ham" in name or "spam" in name]
        chosen = names[:: max(1, len(names) // MOST)][:MOST]
        files = (tar.extractfile(name) for name in chosen)
        return tuple(file.read() for file in files if file)
