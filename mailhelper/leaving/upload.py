"""The upload of an export: its bytes go from the request into the import, and nowhere else."""

from typing import Any

from django.core.files.uploadhandler import FileUploadHandler, SkipFile, StopUpload
from django.http import HttpRequest

from accounts.transfers import TransferLost
from mailhelper.leaving.importing import Import
from mailhelper.leaving.opened import VaultShut
from mailhelper.leaving.unzipping import BadArchive

FIELD = "archive"


class Sealing(FileUploadHandler):
    """Feeds the first file of the form to an import. `error` is a code, "" where all is well.

    Without an import the upload is read and forgotten. What is left of a broken one is read to its end: a
    browser shows no answer before it has sent everything.
    """

    chunk_size = 256 * 1024

    def __init__(self, request: HttpRequest, to: Import | None) -> None:
        super().__init__(request)
        self._to = to
        self._begun = self._reading = False
        self.error = ""

    def new_file(self, field_name: str, *args: Any, **kwargs: Any) -> None:
        """One file is wanted."""
        super().new_file(field_name, *args, **kwargs)
        if self._to is None or self._begun or field_name != FIELD:
            raise SkipFile
        self._begun = self._reading = True

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """No other handler gets it."""
        assert self._to
        try:
            self._to.feed(raw_data)
        except (BadArchive, VaultShut, TransferLost) as why:
            self._fail(why)

    def file_complete(self, file_size: int) -> None:
        """There is no file to hand to the view."""
        assert self._to
        self._reading = False
        try:
            self._to.end()
        except BadArchive as why:
            self.error = why.code

    def upload_interrupted(self) -> None:
        """The browser went away; or it sent a file that is not wanted, last."""
        if self._reading:
            self.error = "cut"

    def upload_complete(self) -> None:
        """Or nothing came."""
        if not self._begun:
            self.error = self.error or "no-file"

    def _fail(self, why: Exception) -> None:
        self.error = why.code if isinstance(why, BadArchive) else "locked"
        raise StopUpload(connection_reset=False)
