"""The bytes between us and a mail server, under limits. Placeholder shapes; the reader follows."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """How much and how long a server may go on. Passing one closes the connection."""

    connect_seconds: float = 10.0
    silence_seconds: float = 30.0  # longest wait for the next byte
    command_seconds: float = 300.0  # longest wait for a whole answer
    line_bytes: int = 1_000_000
    literal_bytes: int = 80 * 1024 * 1024
    answer_bytes: int = 16 * 1024 * 1024  # one whole answer, where the command sets no other sum
