"""A private Dovecot: its own folder, ports on loopback, users from a file. Needs Debian's dovecot-imapd.

Runs as root or as an ordinary user. Each user's mail lies in `folder/mail/NAME`.
"""

import contextlib
import getpass
import imaplib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.servers.certificates import Authority, Identity

DOVECOT = "/usr/sbin/dovecot"
IMAP = "/usr/lib/dovecot/imap"
START_SECONDS = 15

CONFIG = """
base_dir = {folder}/run
state_dir = {folder}/state
protocols = imap
listen = 127.0.0.1
log_path = {folder}/dovecot.log
instance_name = mailhelper-test-{port}
default_internal_user = {internal}
default_internal_group = {internal_group}
default_login_user = {login}
first_valid_uid = 1
{uids}
disable_plaintext_auth = no
auth_mechanisms = plain login{token_mechanisms}
auth_failure_delay = {failure_delay} secs
ssl = yes
ssl_min_protocol = TLSv1.2
ssl_cert = <{certificate}
ssl_key = <{key}
{capability}
{token_passdb}
passdb {{
  driver = passwd-file
  mechanisms = plain login
  args = scheme=PLAIN username_format=%u {folder}/users
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/mail/%u
}}
mail_location = {format}:~/{format}
mailbox_list_index = yes
mail_max_userip_connections = {max_connections}
namespace inbox {{
  inbox = yes
  separator = /
  mailbox Sent {{
    special_use = \\Sent
    auto = create
  }}
  mailbox Trash {{
    special_use = \\Trash
  }}
}}
service imap-login {{
  chroot =
  process_min_avail = 0
  inet_listener imap {{
    address = 127.0.0.1
    port = {port}
  }}
  inet_listener imaps {{
    address = 127.0.0.1
    port = {tls_port}
  }}
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
"""


TOKEN_PASSDB = """
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {folder}/oauth2.conf
}}
"""
OAUTH2 = """
introspection_mode = post
introspection_url = {introspection}
username_attribute = username
active_attribute = active
active_value = true
tls_ca_cert_file = {authority}
"""


def installed() -> bool:
    """Whether this machine has Dovecot and its IMAP part."""
    return os.access(DOVECOT, os.X_OK) and os.access(IMAP, os.X_OK)


def free_port() -> int:
    """A port on loopback that nobody listens on now."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


@dataclass(frozen=True)
class Options:
    """What differs from one Dovecot to the next. `capability` replaces the whole list."""

    mail_format: str = "sdbox"  # or "maildir", "mdbox"
    max_connections: int = 100
    capability: str = ""
    failure_delay: int = 0
    identity: Identity | None = None
    introspection: str = ""  # where tokens are looked up (RFC 7662): users may come by OAuth 2 then
    introspection_authority: Path | None = None  # who signed its certificate


class Dovecot:
    """A running server. `port` speaks plain and STARTTLS, `tls_port` TLS. Use as a context manager."""

    host = "127.0.0.1"

    def __init__(self, users: dict[str, str], options: Options = Options()) -> None:
        self.users = users
        self.options = options
        # Unix sockets allow 107 bytes: the folder's path must stay short.
        self.folder = Path(tempfile.mkdtemp(prefix="mh-dc-"))
        self.port, self.tls_port = free_port(), free_port()
        self.authority = Authority(self.folder)
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Dovecot":
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self) -> None:
        """Start and wait until it answers."""
        self._write_files()
        self.process = subprocess.Popen(
            [DOVECOT, "-F", "-c", self.folder / "dovecot.conf"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        end = time.monotonic() + START_SECONDS
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > end:
                self.stop()
                raise RuntimeError(f"Dovecot did not start:\n{self.log()}")
            time.sleep(0.02)

    def stop(self) -> None:
        """Stop it and its children."""
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(10)
        self.process = None

    def log(self) -> str:
        """What it wrote to its log so far."""
        path = self.folder / "dovecot.log"
        return path.read_text(errors="replace") if path.exists() else ""

    @contextlib.contextmanager
    def mailbox(self, user: str) -> Iterator["Mailbox"]:
        """The mailbox of `user`, as another program would see and change it."""
        with imaplib.IMAP4(self.host, self.port) as connection:
            connection.authenticate("PLAIN", lambda _: f"\0{user}\0{self.users[user]}".encode())
            yield Mailbox(connection)

    def _answers(self) -> bool:
        try:
            with socket.create_connection((self.host, self.port), timeout=1) as sock:
                return sock.recv(4) == b"* OK"
        except OSError:
            return False

    def _write_files(self) -> None:
        root = os.geteuid() == 0
        me = getpass.getuser()
        identity = self.options.identity or self.authority.issue()
        mail = self.folder / "mail"
        mail.mkdir(exist_ok=True)
        self.folder.chmod(0o755)
        uid, gid = (65534, 65534) if root else (os.geteuid(), os.getegid())
        if root:
            os.chown(mail, uid, gid)
        capability = self.options.capability
        config = CONFIG.format(
            folder=self.folder,
            port=self.port,
            tls_port=self.tls_port,
            internal="dovecot" if root else me,
            internal_group="dovecot" if root else _group(),
            login="dovenull" if root else me,
            uids="" if root else f"default_vsz_limit = 0\nmail_uid = {uid}\nmail_gid = {gid}",
            failure_delay=self.options.failure_delay,
            certificate=identity.certificate,
            key=identity.key,
            capability=f"imap_capability = {capability}" if capability else "",
            uid=uid,
            gid=gid,
            format=self.options.mail_format,
            max_connections=self.options.max_connections,
            token_mechanisms=" xoauth2 oauthbearer" if self.options.introspection else "",
            token_passdb=TOKEN_PASSDB.format(folder=self.folder) if self.options.introspection else "",
        )
        if self.options.introspection_authority:
            # Its process for signing in is nobody in particular, and reads no private folder.
            authority = Path(shutil.copy(self.options.introspection_authority, self.folder / "oauth2.pem"))
            oauth2 = OAUTH2.format(introspection=self.options.introspection, authority=authority)
            (self.folder / "oauth2.conf").write_text(oauth2)
        (self.folder / "dovecot.conf").write_text(config)
        lines = [f"{name}:{{PLAIN}}{password}" for name, password in self.users.items()]
        users = self.folder / "users"
        users.write_text("\n".join(lines) + "\n")
        users.chmod(0o644)


class Mailbox:
    """What a second program does to a mailbox, by imaplib. Names are given as the server spells them."""

    def __init__(self, connection: imaplib.IMAP4) -> None:
        self.connection = connection

    def append(
        self,
        mails: Iterable[bytes],
        folder: str = "INBOX",
        *,
        flags: str = "",
        date: str = '"17-Nov-2026 10:00:00 +0000"',
    ) -> int:
        """Append mails, in order; returns how many."""
        count = 0
        for mail in mails:
            _check(self.connection.append(_quoted(folder), flags, date, mail))
            count += 1
        return count

    def create(self, folder: str) -> None:
        """Make a folder."""
        _check(self.connection.create(_quoted(folder)))

    def delete(self, folder: str) -> None:
        """Delete a folder: made again, it has another UIDVALIDITY."""
        _check(self.connection.delete(_quoted(folder)))

    def flag(self, uids: str, flags: str, folder: str = "INBOX", *, how: str = "+FLAGS") -> None:
        """Set, add or remove flags; `how` is FLAGS, +FLAGS or -FLAGS."""
        _check(self.connection.select(_quoted(folder)))
        _check(self.connection.uid("STORE", uids, how, f"({flags})"))
        _check(self.connection.close())

    def remove(self, uids: str, folder: str = "INBOX") -> None:
        """Delete mails and expunge."""
        self.flag(uids, "\\Deleted", folder)

    def move(self, uids: str, folder: str, target: str) -> None:
        """Move mails to another folder."""
        _check(self.connection.select(_quoted(folder)))
        _check(self.connection.uid("MOVE", uids, _quoted(target)))
        _check(self.connection.close())


def _group() -> str:
    return subprocess.run(["id", "-gn"], capture_output=True, text=True, check=True).stdout.strip()


def _quoted(name: str) -> str:
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _check(answer: tuple[str, object]) -> None:
    if answer[0] != "OK":
        raise RuntimeError(f"the server refused: {answer!r}")
