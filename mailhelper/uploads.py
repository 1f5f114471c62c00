"""Files that are sent to us: no page takes any, so none reaches the disk, whoever sends it."""

from typing import Any, NoReturn

from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadhandler import FileUploadHandler


class RefuseFiles(FileUploadHandler):
    """Ends the request at its first file. A page that takes files names a handler of its own."""

    def new_file(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Raises RequestDataTooBig: 400."""
        raise RequestDataTooBig("no page takes files")

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """There is none."""

    def file_complete(self, file_size: int) -> None:
        """There is none."""
