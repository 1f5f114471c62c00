import imaplib
import json
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mail.demo.entries import entries
from mail.demo.filling import ZONE, ensure_filled, read_stamp
from mail.demo.letters import letters
from mail.demo.password import USER, demo_password

ROOT = Path(__file__).parents[3]
FOLDERS = ["INBOX", "Sent", "Drafts", "Trash", "Junk", "Archive", "Projekte/M&APw-ller &- S&APY-hne"]
NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)

Seen = dict[str, tuple[str, dict[int, tuple[bytes, datetime]]]]


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def start(directory: Path, port: int) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "mail.demo.server", "--dir", str(directory), "--port", str(port)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@contextmanager
def serving(directory: Path) -> Iterator[int]:
    port = free_port()
    server = start(directory, port)
    try:
        assert server.stdout is not None
        assert server.stdout.readline() == "ready\n", server.communicate()
        yield port
    finally:
        server.send_signal(signal.SIGTERM)
        assert server.wait(timeout=10) == 0
        server.communicate()


def connect(directory: Path, port: int) -> imaplib.IMAP4:
    client = imaplib.IMAP4("127.0.0.1", port)
    client.login(USER, demo_password(directory))
    return client


def seen_by(client: imaplib.IMAP4) -> Seen:
    """Of each folder UIDVALIDITY, and of each UID the message and its date."""
    return {name: read_folder(client, name) for name in FOLDERS}


def read_folder(client: imaplib.IMAP4, name: str) -> tuple[str, dict[int, tuple[bytes, datetime]]]:
    assert client.select(f'"{name}"', readonly=True)[0] == "OK"
    validity = client.response("UIDVALIDITY")[1][0]
    assert isinstance(validity, bytes)
    answer = client.uid("FETCH", "1:*", "(UID INTERNALDATE BODY.PEEK[])")[1]
    rows = [row for row in answer if isinstance(row, tuple)]
    return validity.decode(), dict(map(read_row, rows))


def read_row(row: tuple[bytes, bytes]) -> tuple[int, tuple[bytes, datetime]]:
    uid = re.search(rb"UID (\d+)", row[0])
    when = re.search(rb'INTERNALDATE "([^"]+)"', row[0])
    assert uid
    assert when
    return int(uid[1]), (row[1], datetime.strptime(when[1].decode(), "%d-%b-%Y %H:%M:%S %z"))


def count(seen: Seen) -> int:
    return sum(len(mails) for _, mails in seen.values())


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A mailbox filled at NOW; copy it before you change it."""
    directory = tmp_path_factory.mktemp("demo")
    ensure_filled(directory, NOW)
    return directory


def age_stamp(directory: Path, days: int) -> None:
    path = directory / "stamp.json"
    stamp = json.loads(path.read_text())
    stamp["filled_at"] = (datetime.now(UTC) - timedelta(days=days)).isoformat()
    path.write_text(json.dumps(stamp))


def test_what_was_filled_is_served_and_survives_a_restart(tmp_path: Path) -> None:
    with serving(tmp_path) as port:
        client = connect(tmp_path, port)
        first = seen_by(client)
        assert count(first) == len(entries())
        client.select("INBOX")
        client.uid("STORE", "1", "+FLAGS", "(\\Flagged)")
        client.logout()
    with serving(tmp_path) as port:
        client = connect(tmp_path, port)
        assert seen_by(client) == first
        client.select("INBOX", readonly=True)
        assert b"\\Flagged" in bytes(client.uid("FETCH", "1", "(FLAGS)")[1][0])


def test_the_server_sends_the_very_bytes_and_dates_of_the_letters(tmp_path: Path) -> None:
    with serving(tmp_path) as port:
        seen = seen_by(connect(tmp_path, port))
    stamp = read_stamp(tmp_path)
    assert stamp
    meant = letters(stamp.filled_at, ZONE)
    assert {when for _, mails in seen.values() for _, when in mails.values()} == {
        one.received_at for one in meant
    }
    stored = {path.read_bytes() for path in (tmp_path / stamp.home).rglob("cur/*")}
    assert {raw for _, mails in seen.values() for raw, _ in mails.values()} == stored


def test_flags_come_with_the_mails(tmp_path: Path) -> None:
    with serving(tmp_path) as port:
        client = connect(tmp_path, port)
        client.select("Junk", readonly=True)
        assert client.uid("SEARCH", "KEYWORD", "$Junk")[1][0].split() == [
            b"1",
            b"2",
            b"3",
            b"4",
            b"5",
            b"6",
            b"7",
        ]
        client.select("INBOX", readonly=True)
        meant = sum("seen" not in entry.flags for entry in entries() if entry.folder == "INBOX")
        assert len(client.uid("SEARCH", "UNSEEN")[1][0].split()) == meant


def test_uids_rise_with_the_time_of_receipt(tmp_path: Path) -> None:
    with serving(tmp_path) as port:
        seen = seen_by(connect(tmp_path, port))
    for _, mails in seen.values():
        times = [when for _, (_, when) in sorted(mails.items())]
        assert times == sorted(times)


def test_an_old_mailbox_is_refilled_with_new_uids_under_the_same_uidvalidity(tmp_path: Path) -> None:
    with serving(tmp_path) as port:
        old = seen_by(connect(tmp_path, port))
    age_stamp(tmp_path, days=8)
    with serving(tmp_path) as port:
        new = seen_by(connect(tmp_path, port))
    assert count(new) == count(old)
    for name in FOLDERS:
        assert new[name][0] == old[name][0]
        assert min(new[name][1]) > max(old[name][1])
    assert len(list(tmp_path.glob("mail-*"))) == 1


def test_a_mailbox_of_six_days_is_left_alone(tmp_path: Path) -> None:
    with serving(tmp_path) as port:
        old = seen_by(connect(tmp_path, port))
    age_stamp(tmp_path, days=6)
    with serving(tmp_path) as port:
        assert seen_by(connect(tmp_path, port)) == old


def test_a_server_killed_while_filling_fills_at_the_next_start(tmp_path: Path) -> None:
    server = start(tmp_path, free_port())
    while server.poll() is None and not list(tmp_path.glob("mail-*")):
        time.sleep(0.001)
    server.kill()
    server.communicate()
    with serving(tmp_path) as port:
        assert count(seen_by(connect(tmp_path, port))) == len(entries())
    assert len(list(tmp_path.glob("mail-*"))) == 1


def test_a_refill_that_died_before_its_stamp_leaves_the_old_mailbox_in_use(
    filled: Path, tmp_path: Path
) -> None:
    directory = shutil.copytree(filled, tmp_path / "demo")
    home = ensure_filled(directory, NOW)
    half = directory / "mail-20261201T000000000000"
    (half / "cur").mkdir(parents=True)
    (half / "cur" / "1.1.demo:2,").write_bytes(b"Subject: half\r\n\r\n")
    assert ensure_filled(directory, NOW + timedelta(days=1)) == home
    assert not half.exists()


def test_a_stamp_without_its_mailbox_means_a_new_filling(filled: Path, tmp_path: Path) -> None:
    directory = shutil.copytree(filled, tmp_path / "demo")
    shutil.rmtree(ensure_filled(directory, NOW))
    home = ensure_filled(directory, NOW + timedelta(days=1))
    assert len(list(home.rglob("cur/*"))) == len(entries())


def test_locks_of_a_killed_server_are_cleared(filled: Path, tmp_path: Path) -> None:
    directory = shutil.copytree(filled, tmp_path / "demo")
    left = ensure_filled(directory, NOW) / "dovecot-uidlist.lock"
    left.touch()
    ensure_filled(directory, NOW)
    assert not left.exists()


def test_several_readers_at_once_see_the_same(tmp_path: Path) -> None:
    with serving(tmp_path) as port:
        clients = [connect(tmp_path, port) for _ in range(6)]
        views = [read_folder(client, FOLDERS[-1]) for client in clients]
    assert all(view == views[0] for view in views)


def test_a_wrong_password_is_refused(tmp_path: Path) -> None:
    with serving(tmp_path) as port:
        client = imaplib.IMAP4("127.0.0.1", port)
        with pytest.raises(imaplib.IMAP4.error, match="AUTHENTICATIONFAILED"):
            client.login(USER, "no such password")


def test_the_password_is_kept_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    directory = tmp_path / "new"
    password = demo_password(directory)
    assert demo_password(directory) == password
    assert len(password) >= 32
    assert (directory / "password").stat().st_mode & 0o777 == 0o600
    assert directory.stat().st_mode & 0o777 == 0o700


def test_a_second_server_on_the_same_mailbox_is_refused(tmp_path: Path) -> None:
    with serving(tmp_path):
        second = start(tmp_path, free_port())
        said = second.communicate(timeout=20)[1]
    assert second.returncode == 1
    assert said == f"Another demo mailbox already runs in {tmp_path}.\n"


def test_a_taken_port_is_said_in_one_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        server = start(tmp_path, taken.getsockname()[1])
        said = server.communicate(timeout=20)[1]
    assert server.returncode == 1
    assert len(said.splitlines()) == 1
    assert "cannot start" in said


def test_it_stops_while_a_client_is_connected(tmp_path: Path) -> None:
    with serving(tmp_path) as port:
        client = connect(tmp_path, port)
    with suppress(imaplib.IMAP4.abort, OSError):
        client.noop()
        pytest.fail("the server still answers")


def test_the_server_needs_no_django() -> None:
    code = "import sys, mail.demo.server, mail.demo.password; sys.exit('django' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
