"""What must be true of the models before anything starts."""

from typing import Any

from django.apps import apps
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import models

from accounts.fields import ProtectedField
from accounts.ownership import Owned

APPS = ("accounts", "mail", "tags", "rules")


@register(Tags.security)
def owned_rows_are_guarded(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """A model with an owner is `Owned`."""
    return [
        Error(
            f"{model.__name__} has an owner but no guard",
            hint="Subclass accounts.ownership.Owned",
            obj=model,
            id="accounts.E001",
        )
        for model in apps.get_models()
        if any(field.name == "owner" for field in model._meta.get_fields()) and not issubclass(model, Owned)
    ]


@register(Tags.security)
def fields_declare_their_privacy(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Each column of ours is sealed, secret, keyed, under the server's key, or plain with a reason."""
    return [
        Error(
            f"{model.__name__}.{name} does not say how it is kept",
            hint="Use a field of accounts.fields, or give the reason in the model's PLAIN",
            obj=model,
            id="accounts.E002",
        )
        for model in our_models()
        for name in undeclared(model)
    ]


def our_models() -> list[type[models.Model]]:
    """The models of our own applications."""
    return [model for name in APPS for model in apps.get_app_config(name).get_models()]


def undeclared(model: type[models.Model]) -> list[str]:
    """Columns that are neither protected nor plain with a reason."""
    plain: dict[str, str] = getattr(model, "PLAIN", {})
    fields = [*model._meta.concrete_fields, *model._meta.many_to_many]
    return [f.name for f in fields if not isinstance(f, ProtectedField) and not plain.get(f.name)]
