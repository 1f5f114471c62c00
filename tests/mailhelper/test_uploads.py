"""No page takes files."""

from unittest.mock import Mock

import pytest
from django.core.files import uploadedfile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client


def test_a_file_ends_the_request_before_it_is_written_anywhere(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = Mock()
    monkeypatch.setattr(uploadedfile.tempfile, "NamedTemporaryFile", written)
    browser = Client(SERVER_NAME="localhost")
    values = {"username": "alice", "password": "x" * 20, "file": SimpleUploadedFile("x", b"0" * 4_000_000)}
    assert browser.post("/sign-in/", values).status_code == 400
    assert not written.called


def test_a_form_in_parts_without_a_file_is_read(db: None) -> None:
    browser = Client(SERVER_NAME="localhost")
    assert browser.post("/sign-in/", {"username": "alice", "password": "x" * 20}).status_code == 422
