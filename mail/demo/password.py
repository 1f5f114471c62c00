"""The password of the demo mailbox: random, made once, kept in a file that only its owner may read."""

import os
import secrets
from pathlib import Path

USER = "demo"


def demo_password(directory: Path) -> str:
    """The password of the mailbox in `directory`; made if there is none yet."""
    path = directory / "password"
    if not path.exists():
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write_once(path, secrets.token_urlsafe(24))
    return path.read_text(encoding="ascii").strip()


def _write_once(path: Path, password: str) -> None:
    """Two who ask at once get the same one: a link never replaces a file, and what it shows is whole."""
    draft = path.with_name(f"password.{os.getpid()}.{secrets.token_hex(4)}")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        file.write(password + "\n")
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
