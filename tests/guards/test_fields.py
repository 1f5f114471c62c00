"""Each column of ours says how it is kept; owned tables have an owner."""

from accounts.checks import fields_declare_their_privacy, our_models, owned_rows_are_guarded, undeclared
from accounts.fields import ProtectedField
from accounts.ownership import Owned

#: Ours, and nobody's in particular.
SHARED = {"User", "Invitation", "Authenticator"}


def test_every_field_is_declared() -> None:
    models = our_models()
    assert {model.__name__: undeclared(model) for model in models if undeclared(model)} == {}
    fields = [field for model in models for field in model._meta.get_fields() if hasattr(field, "attname")]
    protected = sum(isinstance(field, ProtectedField) for field in fields)
    print(f"{len(models)} models, {len(fields)} columns, {protected} of them protected")
    assert protected > 20


def test_plain_names_only_columns_that_exist() -> None:
    for model in our_models():
        names = {f.name for f in [*model._meta.concrete_fields, *model._meta.many_to_many]}
        assert set(model.PLAIN) <= names, model  # type: ignore[attr-defined]


def test_every_model_of_ours_is_owned_unless_listed() -> None:
    bare = {model.__name__ for model in our_models() if not issubclass(model, Owned)}
    assert bare == SHARED


def test_the_system_checks_are_quiet() -> None:
    assert owned_rows_are_guarded(None) == []
    assert fields_declare_their_privacy(None) == []
