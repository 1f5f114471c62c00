"""What the product reads from its environment: typed, each name noted so that a test can find them."""

import os
from collections.abc import Callable
from pathlib import Path
from secrets import token_urlsafe

import environ
from django.core.exceptions import ImproperlyConfigured


class Environment:
    """django-environ, with bounds, files for secrets, and a list of the names that were asked for."""

    def __init__(self) -> None:
        self._env = environ.Env()
        self.names: set[str] = set()

    def text(self, name: str, default: str = "") -> str:
        """A string."""
        self.names.add(name)
        return str(self._env.str(name, default=default))

    def needed(self, name: str, hint: str) -> str:
        """A string that has no default. Raises ImproperlyConfigured with the hint."""
        value = self.text(name)
        if not value:
            raise ImproperlyConfigured(f"{name} is not set. {hint}")
        return value

    def truth(self, name: str, default: bool) -> bool:
        """1, true, yes, on or their opposites."""
        self.names.add(name)
        value = os.environ.get(name, "").strip().lower()
        if value in ("", "1", "true", "yes", "on", "0", "false", "no", "off"):
            return value in ("1", "true", "yes", "on") if value else default
        raise ImproperlyConfigured(f"{name} is neither on nor off")

    def integer(self, name: str, default: int, *, least: int, most: int) -> int:
        """A whole number within bounds."""
        self.names.add(name)
        try:
            value = int(os.environ.get(name) or default)
        except ValueError:
            raise ImproperlyConfigured(f"{name} is not a whole number") from None
        if not least <= value <= most:
            raise ImproperlyConfigured(f"{name} is not between {least} and {most}")
        return value

    def words(self, name: str, default: str = "") -> list[str]:
        """A list, comma between."""
        return [word.strip() for word in self.text(name, default).split(",") if word.strip()]

    def path(self, name: str, default: Path) -> Path:
        """A file or folder."""
        return Path(self.text(name) or default).resolve()

    def given_secret(self, name: str) -> str:
        """A secret from `NAME` or from the file that `NAME_FILE` names, "" where neither is set."""
        value, file = self.text(name), self.text(f"{name}_FILE")
        try:
            return value or (Path(file).read_text().strip() if file else "")
        except OSError as error:
            raise ImproperlyConfigured(f"{name}: {error.strerror or 'cannot be read'}") from None

    def secret(self, name: str, made_in: Path, make: Callable[[], str] = lambda: token_urlsafe(48)) -> str:
        """A secret from `NAME`, from the file that `NAME_FILE` names, or from a file of ours, made once."""
        value, file = self.text(name), self.text(f"{name}_FILE")
        if value:
            return value
        try:
            return (Path(file) if file else _made(made_in, make)).read_text().strip()
        except OSError as error:
            raise ImproperlyConfigured(f"{name}: {error.strerror or 'cannot be read'}") from None


def _made(path: Path, make: Callable[[], str]) -> Path:
    """The file, written whole and private if it was not there: two starts at once agree on one secret."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(make() + "\n")
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path
