"""The demo mailbox as bin/run starts it, and the reader who looks at it."""

from dataclasses import dataclass, field
from pathlib import Path

from mailhelper.services import places, ports
from mailhelper.services.household import Child, Household

USUAL_PORT = 4143


@dataclass(frozen=True)
class Mailbox:
    """`port` stays the same from start to start: the demo reader's account names it."""

    folder: Path
    port: int

    def settings(self, networks: str) -> dict[str, str]:
        """What the product must be told; `networks` is ALLOWED_MAIL_NETWORKS so far."""
        ours = f"{ports.LOOPBACK}/32:{self.port}"
        return {"DEMO": "1", "ALLOWED_MAIL_NETWORKS": f"{networks},{ours}" if networks else ours}

    def start(self, household: Household) -> Child:
        argv = ["-m", "mail.demo.server", "--dir", str(self.folder), "--port", str(self.port)]
        return household.start("demo mailbox", argv)


def find(data: Path) -> Mailbox:
    """The mailbox below `data`, on its port of before if that is free, else on a new one."""
    folder = places.make_private(data / "demo")
    note = folder / "port"
    with ports.listen_from(places.number(note) or USUAL_PORT) as free:
        port = int(free.getsockname()[1])
    places.write_private(note, f"{port}\n")
    return Mailbox(folder, port)


@dataclass(frozen=True)
class Reader:
    """The reader `demo`. `secret` is what the one-time codes are made of."""

    user: str
    password: str = field(repr=False)
    secret: str = field(repr=False)


def read(found: dict[str, str]) -> Reader:
    """The reader as `manage.py bring_up` tells them."""
    return Reader(
        user=found["user"],
        password=found["password"],
        secret=found["totp_secret"],
    )
