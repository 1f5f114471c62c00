"""What the doctor found: see templates/mail/doctor.html."""

from dataclasses import dataclass, field
from typing import Literal

State = Literal["ok", "note", "warn", "bad"]
MOST_QUOTED = 200


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at. `advice`: what to do, "" = nothing; `quote`: the server's own words."""

    name: str
    state: State
    text: str
    advice: str = ""
    quote: str = ""


@dataclass(slots=True)
class Section:
    """What was looked at, in order. `name` is a heading."""

    name: str
    checks: list[Check] = field(default_factory=list)

    def add(self, name: str, state: State, text: str, advice: str = "", quote: str = "") -> None:
        """One more."""
        self.checks.append(Check(str(name), state, str(text), str(advice), quote))

    @property
    def worst(self) -> State:
        """How the section as a whole is."""
        order: tuple[State, ...] = ("bad", "warn", "ok")
        states = {check.state for check in self.checks}
        return next((state for state in order if state in states), "note")


def quoted(said: bytes) -> str:
    """What a server said, fit to show as a quotation: one line, nothing that is not print."""
    text = said.decode("utf-8", "replace")
    return "".join(letter if letter.isprintable() else " " for letter in text).strip()[:MOST_QUOTED]
