"""What happened at the door, in the reader's words. A test holds every kind to a sentence."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import SecurityEvent

Kind = SecurityEvent.Kind

TEXTS: dict[SecurityEvent.Kind, Promise] = {
    Kind.SIGNED_UP: _("Signed up."),
    Kind.SIGNED_IN: _("Signed in."),
    Kind.SIGN_IN_FAILED: _("A wrong password or code was given. Nothing was opened."),
    Kind.BACKUP_CODE_USED: _("A backup code was used in place of the authenticator. It works no more."),
    Kind.LOCKED: _("Locked."),
    Kind.UNLOCKED: _("Unlocked with the password."),
    Kind.SIGNED_OUT: _("Signed out."),
    Kind.GRANT_GIVEN: _("Background sync was chosen: a key was lent to the server."),
    Kind.GRANT_ENDED: _("Background sync was stopped: all lent keys were taken back."),
    Kind.NEW_DEVICE: _("Signed in from a browser that was not known yet."),
    Kind.SESSION_ENDED: _("Signed out from another session."),
    Kind.PASSWORD_CHANGED: _("The password was changed. Other sessions and lent keys ended."),
    Kind.RECOVERED: _("The recovery key was used to set a new password. All sessions and lent keys ended."),
    Kind.RECOVERY_FAILED: _("A recovery was tried, and failed. Nothing was opened."),
    Kind.RECOVERY_KEY_MADE: _("A new recovery key was made. The old one opens nothing."),
    Kind.BACKUP_CODES_MADE: _("New backup codes were made. The old ones work no more."),
    Kind.AUTHENTICATOR_CHANGED: _("The authenticator was changed."),
    Kind.PASSKEY_ADDED: _("A passkey was added."),
    Kind.PASSKEY_REMOVED: _("A passkey was removed."),
    Kind.KEYS_MADE: _("New keys were made. Whoever had the old ones opens nothing that comes from now on."),
    Kind.LOCKED_OUT: _("Too many failures: for a while nothing was taken, not even what is right."),
    Kind.MAIL_ACCOUNT_ADDED: _("A mail account was added."),
    Kind.MAIL_ACCOUNT_CHANGED: _("The connection of a mail account was changed."),
    Kind.MAIL_ACCOUNT_DELETED: _("A mail account was deleted, and its mail here with it."),
    Kind.EXPORTED: _("All mail was taken along as a file."),
    Kind.IMPORTED: _("Mail was brought in from a file."),
    Kind.IDENTITY_CHANGED: _(
        "A lent key did not fit the keys stored here, and was not used. Somebody may have changed them in "
        "the database: ask whoever runs this server."
    ),
}

#: What somebody tried and did not reach, or what should not have been.
FAILURES = (Kind.SIGN_IN_FAILED, Kind.RECOVERY_FAILED, Kind.LOCKED_OUT, Kind.IDENTITY_CHANGED)
