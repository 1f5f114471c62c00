"""What bin/run tells the person at the terminal: where to go, who they are, and the present code."""

import sys

from mailhelper.services import onetime
from mailhelper.services.demo import Reader


def introduce(url: str, invitation: str, reader: Reader | None) -> None:
    """Print the page, the demo reader and the operator's invitation; once, on standard output."""
    lines = ["", f"Mail Helper is up: {url}", ""]
    if reader is not None:
        lines += ["The demo mailbox:", f"  user name  {reader.user}", f"  password   {reader.password}"]
        lines += _code_lines(reader)
    if invitation:
        lines += ["Your own account, as operator (the link works once):", f"  {invitation}", ""]
    print("\n".join([*lines, "Ctrl-C stops it."]), flush=True)


def _code_lines(reader: Reader) -> list[str]:
    """A live line on a terminal shows the code; elsewhere it is told how to get one."""
    if sys.stdout.isatty():
        return [""]
    code = onetime.code(reader.secret)
    return [
        f"  code       {code} (for {onetime.seconds_left()} s; then: bin/manage totp_code {reader.user})",
        "",
    ]


def tick(reader: Reader | None) -> None:
    """Rewrite the live line: the code of now and how long it lasts. Nothing where there is no terminal."""
    if reader is None or not sys.stdout.isatty():
        return
    code = onetime.code(reader.secret)
    print(
        f"\r  {reader.user}'s code  {code[:3]} {code[3:]}  {onetime.seconds_left():>2} s ", end="", flush=True
    )
