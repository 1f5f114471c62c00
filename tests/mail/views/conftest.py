"""Alice's mailbox, and a browser whose vault is locked."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts import unlocking
from tests.conftest import Reader, sign_in
from tests.mail.factories import Mailbox, make_account


@pytest.fixture
def box(alice: Reader) -> Mailbox:
    return make_account(alice, roles=["sent", "archive", "junk"])


@pytest.fixture
def locked_client(alice: Reader) -> Client:
    client = sign_in(alice)
    del client.cookies[unlocking.COOKIE]
    return client


@pytest.fixture
def count_queries() -> Callable[[], Any]:
    @contextmanager
    def counting() -> Iterator[CaptureQueriesContext]:
        with CaptureQueriesContext(connection) as captured:
            yield captured

    return counting
