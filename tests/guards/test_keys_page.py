"""docs/keys.md names every protected column, and says how it is kept as the models do."""

import re
from pathlib import Path

from accounts.checks import our_models
from accounts.fields import KeyedField, ProtectedField

PAGE = (Path(__file__).parents[2] / "docs" / "keys.md").read_text()

_ROW = re.compile(r"^\| (`\w+\.\w+`.*?) \| (\w+) \|", re.MULTILINE)
_NAME = re.compile(r"`(\w+\.\w+)`")


def protected() -> dict[str, ProtectedField]:
    return {
        f"{model.__name__}.{field.name}": field
        for model in our_models()
        for field in model._meta.concrete_fields
        if isinstance(field, ProtectedField)
    }


def test_the_table_holds_every_envelope_and_how_it_is_kept() -> None:
    told = {name: kept for names, kept in _ROW.findall(PAGE) for name in _NAME.findall(names)}
    there = {name: field.privacy for name, field in protected().items() if not isinstance(field, KeyedField)}
    assert told == there
    print(f"{len(told)} envelopes are told of")


def test_every_keyed_column_is_named() -> None:
    sentence = next(line for line in PAGE.splitlines() if line.startswith("Columns that are kept *keyed*"))
    there = {name for name, field in protected().items() if isinstance(field, KeyedField)}
    assert set(_NAME.findall(sentence)) == there
