"""Who may sign in."""

import re
from typing import ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class UserManager(BaseUserManager["User"]):
    """Users are made through an invitation (`accounts.signup`), since their keys are made with them."""

    def get_by_natural_key(self, username: str | None) -> "User":
        """Sign-in does not mind the case of a user name."""
        return self.get(username__iexact=username)


class User(AbstractBaseUser, PermissionsMixin):
    """A reader; with `is_staff` an operator too, whose rights never open mail."""

    PLAIN: ClassVar[dict[str, str]] = {
        "id": "names rows",
        "username": "sign-in looks it up before any key is there",
        "password": "Argon2id hash for the door; unrelated to the key of the vault",
        "language": "pages before sign-in",
        "time_zone": "times of background work",
        "is_active": "the door",
        "is_staff": "operator's rights",
        "is_superuser": "operator's rights",
        "groups": "operator's rights",
        "user_permissions": "operator's rights",
        "last_login": "time",
        "date_joined": "time",
    }

    username = models.CharField(
        _("user name"),
        max_length=64,
        unique=True,
        validators=[
            RegexValidator(
                re.compile(r"\A[\w.@+-]{2,64}\Z"),
                _("Two to 64 letters, digits or any of . _ @ + -"),
            )
        ],
        error_messages={"unique": _("This user name is taken.")},
    )
    language = models.CharField(max_length=8, default="en")
    time_zone = models.CharField(max_length=64, default="UTC")
    is_active = models.BooleanField(default=False)  # until both factors stand
    is_staff = models.BooleanField(default=False)
    date_joined = models.DateTimeField(default=timezone.now)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        constraints = [models.UniqueConstraint(Lower("username"), name="user_username_lower_unique")]

    def get_full_name(self) -> str:
        """What the admin greets with."""
        return self.username
