"""Services for tests and checks: data of their own, so that a running Mail Helper is left in peace.

Two runs at once get a slot each (`.data/test`, `.data/test-2`, …): both make the same test database.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mailhelper.services import places, stack
from mailhelper.services.errors import ServiceError, told_plainly
from mailhelper.services.locks import Lock
from mailhelper.services.terminal import say

SLOTS = 20


@contextmanager
def up() -> Iterator[dict[str, str]]:
    """As stack.up, in the first slot that nobody uses."""
    with _free_slot(places.data_dir()) as folder, stack.up(folder, say) as env:
        yield env


@contextmanager
def _free_slot(data: Path) -> Iterator[Path]:
    for number in range(1, SLOTS + 1):
        folder = data / ("test" if number == 1 else f"test-{number}")
        with told_plainly(data):
            places.make_private(data)
            places.make_private(folder)
            lock = Lock(folder / "slot.lock")
        with lock:
            if lock.try_take():
                yield folder
                return
    raise ServiceError(f"{SLOTS} test runs are under way in {data} already.")
