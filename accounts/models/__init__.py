"""The package is the public name, the file is the home."""

from accounts.models.authenticator import Authenticator
from accounts.models.backupcode import BackupCode
from accounts.models.identity import ContentKey, Identity
from accounts.models.invitation import Invitation
from accounts.models.knowndevice import KnownDevice
from accounts.models.mailaccount import MailAccount
from accounts.models.passkey import Passkey
from accounts.models.securityevent import SecurityEvent
from accounts.models.session import Grant, ReaderSession
from accounts.models.transfer import Transfer
from accounts.models.user import User

__all__ = [
    "Authenticator",
    "BackupCode",
    "ContentKey",
    "Grant",
    "Identity",
    "Invitation",
    "KnownDevice",
    "MailAccount",
    "Passkey",
    "ReaderSession",
    "SecurityEvent",
    "Transfer",
    "User",
]
