"""The package is the public name, the file is the home."""

from mail.models.email import Email, Message, MessageRef, Thread
from mail.models.folder import Folder
from mail.models.syncrun import SyncRun

__all__ = ["Email", "Folder", "Message", "MessageRef", "SyncRun", "Thread"]
