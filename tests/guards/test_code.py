"""What code must not say: rows reached past their owner, tasks that carry content, pages with inline code."""

import ast
import functools
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import call_command, get_commands
from django.template import engines

from accounts.checks import our_models
from accounts.coded import coded
from accounts.ownership import Owned
from mailhelper.celery import app

ROOT = Path(__file__).resolve().parents[2]
APPS = ("accounts", "mail", "tags", "rules", "mailhelper")

#: Who may reach everybody's rows, and what for.
UNSCOPED = {
    "accounts/ownership.py": "makes the manager",
    "accounts/deleting.py": "a deletion's id becomes its row and owner; finds those that stand still",
    "accounts/housekeeping.py": "locks vaults and drops grants whose time is over",
    "mailhelper/privacy/live.py": "counts who lends keys",
    "mail/housekeeping.py": "drops threads and keys that no mail belongs to, ends runs",
    "mail/sync.py": "an account's id becomes the account and its owner",
    "mail/tasks.py": "an account's id becomes its owner, for the next unit",
    "mailhelper/management/commands/resync.py": "an operator names accounts",
}

#: What work over everybody's rows is for, as the code says it.
REASONS = {
    "admin",
    "dispatch syncs",
    "drop ended grants",
    "drop ended sessions",
    "drop unfinished sign-ups",
    "drop what deleted mail leaves behind",
    "end runs that nobody goes on with",
    "end a session",
    "find idle vaults",
    "go on with a deletion",
    "make the demo reader",
    "privacy check",
    "queue the next unit",
    "rotate the server's keys",
    "resync",
    "sign up",
    "sync an account",
    "wake accounts that rested",
}

#: SQL by hand passes by the managers: each file says how it keeps to one reader.
SQL = {
    "accounts/ids.py": "draws ids, reads no rows",
    "accounts/rowsecurity.py": "raises the wall, in migrations",
    "accounts/ownership.py": "tells the database whose transaction it is",
    "mailhelper/privacy/columns.py": "asks which tables and columns there are",
    "mail/bulk.py": "inserts rows that carry their owner",
    "mail/lease.py": "one account by its id; hands out a number",
    "mail/reading.py": "counts beside folders that were found through their owner",
    "mail/scan.py": "ids that were found through their owner",
    "mail/schedule.py": "dispatch, as an operator: hands out ids",
    "mail/storage.py": "names the owner",
    "mail/threads.py": "names the owner",
}


@functools.cache
def sources() -> dict[str, ast.Module]:
    """Product code by its path from the root."""
    files = [path for name in APPS for path in sorted((ROOT / name).rglob("*.py"))]
    return {
        str(path.relative_to(ROOT)): ast.parse(path.read_text())
        for path in files
        if "migrations" not in path.parts and "services" not in path.parts
    }


def nodes(kind: type[ast.AST]) -> Iterator[tuple[str, ast.AST]]:
    for name, tree in sources().items():
        for node in ast.walk(tree):
            if isinstance(node, kind):
                yield name, node


def attributes(*names: str) -> Iterator[tuple[str, ast.Attribute]]:
    for file, node in nodes(ast.Attribute):
        if isinstance(node, ast.Attribute) and node.attr in names:
            yield file, node


def calls(name: str) -> Iterator[tuple[str, ast.Call]]:
    """Calls of a function or a method by its name."""
    for file, node in nodes(ast.Call):
        if isinstance(node, ast.Call) and name in (
            getattr(node.func, "id", ""),
            getattr(node.func, "attr", ""),
        ):
            yield file, node


def test_everybodys_rows_are_reached_only_where_listed() -> None:
    text = {path for path in sources() if re.search(r"\bunscoped\b", (ROOT / path).read_text())}
    print(f"{len(text)} of {len(sources())} files reach everybody's rows")
    assert text == set(UNSCOPED)


def test_each_work_over_everybodys_rows_has_a_listed_reason() -> None:
    reasons = set()
    for file, call in calls("acting_as_operator"):
        assert len(call.args) == 1, file
        assert isinstance(call.args[0], ast.Constant), f"{file}: the reason is no plain text"
        reasons.add(call.args[0].value)
    assert reasons == REASONS


def test_owned_rows_are_asked_for_by_their_owner() -> None:
    """`Model.objects` of an owned model is followed by for_user: elsewise it would raise when reached."""
    owned = {model.__name__ for model in our_models() if issubclass(model, Owned)}
    followed = {id(node.value): node.attr for _, node in attributes(*_every_attribute())}
    seen = 0
    for file, node in attributes("objects"):
        if getattr(node.value, "id", getattr(node.value, "attr", "")) in owned:
            seen += 1
            assert followed.get(id(node)) == "for_user", f"{file}:{node.lineno}"
    print(f"{seen} queries of owned rows name whose")
    assert seen > 30


def _every_attribute() -> set[str]:
    return {node.attr for _, node in nodes(ast.Attribute) if isinstance(node, ast.Attribute)}


def test_no_other_way_leads_past_the_managers() -> None:
    found = {file for file, _ in attributes("_base_manager", "_default_manager", "raw_as_sql")}
    assert found == {"accounts/ownership.py", "accounts/erasing.py"}


def test_sql_by_hand_is_listed() -> None:
    found = {file for name in ("execute", "executemany", "copy") for file, _ in calls(name)}
    found |= {file for file, _ in calls("RawSQL")} | {file for file, _ in calls("extra")}
    assert found == set(SQL)


def test_no_log_line_carries_an_exceptions_text() -> None:
    """An exception's text could hold a piece of somebody's mail."""
    loggers = [file for file, call in calls("exception") if ast.unparse(call.func) != "sys.exception"]
    assert loggers == []
    keywords = [
        file for file, call in nodes(ast.Call) if isinstance(call, ast.Call) and _shows_exception(call)
    ]
    assert keywords == []


def _shows_exception(call: ast.Call) -> bool:
    return any(keyword.arg in ("exc_info", "stack_info") for keyword in call.keywords)


def test_tasks_take_ids_only_and_fail_with_codes() -> None:
    app.loader.import_default_modules()
    mine = {name: task for name, task in app.tasks.items() if not name.startswith("celery.")}
    mine = {name: task for name, task in mine.items() if name.partition(".")[0] in APPS}
    frame = coded(lambda: None).__code__
    for name, task in mine.items():
        assert task.run.__code__ is frame, f"{name} is not @coded"
        for parameter in inspect.signature(task.run).parameters.values():
            assert parameter.annotation is int, f"{name}({parameter.name})"
            assert parameter.name.endswith("_id"), f"{name}({parameter.name})"
    print(f"{len(mine)} tasks: {', '.join(sorted(mine))}")
    assert len(mine) >= 3


def test_no_migration_is_missing(db: None) -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))

#: Written by strangers, sanitised, and shown in a sandboxed frame of its own.
INLINE_STYLE = {"mail/body.html"}

_COMMENT = re.compile(r"\{% comment %\}.*?\{% endcomment %\}|\{#.*?#\}|<!--.*?-->", re.DOTALL)
_HANDLER = re.compile(r"<[a-z][^>]*\s(on[a-z]+)\s*=", re.IGNORECASE)
_SCRIPT = re.compile(r"<script\b(?![^>]*\bsrc=)[^>]*>", re.IGNORECASE)
_STYLE = re.compile(r"<style\b|<[a-z][^>]*\sstyle\s*=", re.IGNORECASE)
_URL = re.compile(r"javascript:|vbscript:", re.IGNORECASE)


def template_id(path: Path) -> str:
    return str(path.relative_to(ROOT / "templates"))


@pytest.mark.parametrize("path", TEMPLATES, ids=template_id)
def test_a_template_has_no_inline_code(path: Path) -> None:
    text = _COMMENT.sub("", path.read_text())
    engines["django"].from_string(text)
    assert _HANDLER.findall(text) == []
    assert _SCRIPT.findall(text) == []
    assert _URL.findall(text) == []
    assert bool(_STYLE.search(text)) == (template_id(path) in INLINE_STYLE)


#: Words that are the same in every language.
NAMES = {"Mail Helper", "Mail", "Helper", "English", "Deutsch", "htmx", "px", "Esc", "Enter"}

_TAGS = re.compile(r"\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
_CLASSES = re.compile(r"\{% block width %\}.*?\{% endblock %\}")
_TRANSLATED = re.compile(r"\{% blocktranslate\b.*?\{% endblocktranslate %\}", re.DOTALL)
_SHOWN = re.compile(r"\s(?:title|alt|placeholder|aria-label|aria-description)=\"([^\"]*)\"")
_ELEMENT = re.compile(r"<[^>]*>", re.DOTALL)
_WORD = re.compile(r"[^\W\d_]{2,}")


def untranslated(text: str) -> list[str]:
    """Text of a template that people read and that no gettext sees."""
    text = _CLASSES.sub("", _TRANSLATED.sub("", _COMMENT.sub("", text)))
    text = _TAGS.sub("\x00", text)
    text = re.sub(r"<(script|style)\b.*?</\1>", "", text, flags=re.DOTALL)
    pieces = [*_SHOWN.findall(text), *re.split("\x00|\n", _ELEMENT.sub("\x00", text))]
    words = [re.sub(r"&\w+;", " ", piece).strip() for piece in pieces]
    return [word for word in words if _WORD.search(word) and word.strip(" .,:·") not in NAMES]


@pytest.mark.parametrize("path", TEMPLATES, ids=template_id)
def test_what_people_read_in_a_template_is_translatable(path: Path) -> None:
    assert untranslated(path.read_text()) == []


def test_the_check_for_translatable_text_sees_what_is_not() -> None:
    assert untranslated("<p>Hello</p>") == ["Hello"]
    assert untranslated('<a title="Go on">{% translate "x" %}</a>') == ["Go on"]
    assert untranslated('<p class="lead">{% translate "Hello" %}{{ name }}</p>') == []
    assert untranslated("{% blocktranslate %}Hello {{ name }}{% endblocktranslate %}") == []


README = ROOT / "README.md"


def test_every_command_of_the_docs_exists() -> None:
    files = [path for path in (README, *sorted((ROOT / "docs").glob("*.md"))) if path.exists()]
    text = "\n".join(path.read_text() for path in files)
    scripts = set(re.findall(r"(?<![\w/.-])(bin/\w+|\.ci/\w+|bench/\w+\.py)", text))
    assert {script for script in scripts if not (ROOT / script).exists()} == set()
    commands = set(re.findall(r"bin/manage (\w+)", text))
    assert commands <= {"help", *get_commands()}
    print(f"{len(files)} pages name {len(scripts)} scripts and {len(commands)} commands")
    assert "bin/manage" in scripts or not README.exists()
