"""The small parts: locks, ports, one-time codes, catalogues."""

import gettext
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from mailhelper.services import catalogues, onetime, places, ports, process
from mailhelper.services.errors import ServiceError
from mailhelper.services.locks import Lock, alone, is_held

# RFC 6238, appendix B (SHA-1): the secret is the ASCII text 12345678901234567890; our codes are the last six.
RFC_SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"


@pytest.mark.parametrize(
    ("at", "code"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_codes_are_those_of_the_rfc(at: int, code: str) -> None:
    assert onetime.code(RFC_SECRET, at) == code


def test_a_secret_without_padding_or_capitals_is_read() -> None:
    assert onetime.code("gezdgnbvgy3tqojqge", 59) == onetime.code("GEZDGNBVGY3TQOJQGE======", 59)


def test_a_code_lasts_thirty_seconds() -> None:
    assert [onetime.seconds_left(at) for at in (0, 1, 29, 29.9, 30)] == [30, 29, 1, 1, 30]


def test_a_held_lock_is_seen_and_ends_with_its_holder(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    assert not is_held(path)
    with Lock(path) as lock:
        assert lock.try_take()
        assert is_held(path)
        with Lock(path) as other:
            assert not other.try_take()
    assert not is_held(path)


def test_a_lock_does_not_outlive_a_killed_holder(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    code = f"""
import sys
from pathlib import Path
from mailhelper.services.locks import Lock
lock = Lock(Path({str(path)!r}))
lock.take()
print("held", flush=True)
sys.stdin.read()
"""
    env = {**os.environ, "PYTHONPATH": str(places.ROOT)}
    with subprocess.Popen(
        [sys.executable, "-c", code], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        assert is_held(path)
        holder.kill()
    with alone(path):
        pass
    assert not is_held(path)


def test_shares_keep_a_taker_out(tmp_path: Path) -> None:
    with Lock(tmp_path / "lock") as one, Lock(tmp_path / "lock") as two:
        one.share()
        two.share()
        assert not one.try_take()


def test_a_taken_port_is_passed_over() -> None:
    with ports.listen(0) as taken:
        port = int(taken.getsockname()[1])
        assert ports.free_port(port) != port
        with pytest.raises(OSError, match="in use"):
            ports.listen(port)
        with ports.listen_from(port) as next_one:
            assert next_one.getsockname()[1] > port


def test_a_port_taken_on_ipv6_alone_is_passed_over() -> None:
    with socket.socket(socket.AF_INET6) as taken:
        taken.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        taken.bind(("::1", 0))
        taken.listen()
        port = int(taken.getsockname()[1])
        with ports.listen_from(port) as found:
            assert found.getsockname()[1] != port


def test_nothing_listens_beyond_loopback() -> None:
    with ports.listen_from(18000) as found:
        assert found.getsockname()[0] == "127.0.0.1"


def write_catalogue(folder: Path, greeting: str) -> Path:
    po = folder / "de" / "LC_MESSAGES" / "django.po"
    po.parent.mkdir(parents=True, exist_ok=True)
    po.write_text(
        'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n"Language: de\\n"\n'
        '"Plural-Forms: nplurals=2; plural=(n != 1);\\n"\n\n'
        f'msgid "Inbox"\nmsgstr "{greeting}"\n\n'
        'msgid "%d mail"\nmsgid_plural "%d mails"\nmsgstr[0] "%d Mail"\nmsgstr[1] "%d Mails"\n\n'
        '#, fuzzy\nmsgid "Rules"\nmsgstr "geraten"\n',
        encoding="utf-8",
    )
    return po


def test_a_catalogue_is_compiled_once_and_again_when_it_changed(tmp_path: Path) -> None:
    po = write_catalogue(tmp_path, "Posteingang")
    assert catalogues.compile_changed(tmp_path) == [po.with_suffix(".mo")]
    assert catalogues.compile_changed(tmp_path) == []
    write_catalogue(tmp_path, "Eingänge")
    os.utime(po, (os.stat(po).st_atime, os.stat(po).st_mtime + 10))
    assert catalogues.compile_changed(tmp_path) == [po.with_suffix(".mo")]
    read = gettext.translation("django", tmp_path, ["de"])
    assert read.gettext("Inbox") == "Eingänge"
    assert read.ngettext("%d mail", "%d mails", 2) == "%d Mails"
    assert read.gettext("Rules") == "Rules"


def test_a_broken_catalogue_is_one_clear_line(tmp_path: Path) -> None:
    po = write_catalogue(tmp_path, "Posteingang")
    po.write_text(po.read_text() + 'msgid "open\n')
    with pytest.raises(ServiceError, match=r"django\.po cannot be read"):
        catalogues.compile_changed(tmp_path)
    assert not list(tmp_path.rglob("*.mo*"))


def test_a_long_log_is_put_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "some.log"
    log.write_text("old\n" * 10)
    with process.open_log(log) as file:
        file.write(b"new\n")
    assert log.read_text().endswith("old\nnew\n")
    monkeypatch.setattr(process, "LOG_BYTES", 10)
    with process.open_log(log):
        pass
    assert log.read_text() == ""
    assert (tmp_path / "some.log.1").read_text().endswith("new\n")


def test_the_end_of_a_log_is_shown_indented(tmp_path: Path) -> None:
    log = tmp_path / "some.log"
    assert process.last_lines(log) == ""
    log.write_bytes(b"one\ntwo\n\xffthree\n")
    assert process.last_lines(log, 2) == "  two\n  \ufffdthree"


def test_a_program_in_another_folder_is_not_ours(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "60"], cwd=tmp_path) as sleeper:
        assert process.is_ours(sleeper.pid, "sleep", tmp_path)
        assert not process.is_ours(sleeper.pid, "postgres", tmp_path)
        assert not process.is_ours(sleeper.pid, "sleep", tmp_path.parent)
        sleeper.kill()
    assert not process.is_ours(sleeper.pid, "sleep", tmp_path)
    assert not process.is_ours(None, "sleep", tmp_path)


def test_a_private_file_is_written_whole_and_private(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("before")
    path.chmod(0o644)
    places.write_private(path, "after")
    assert path.read_text() == "after"
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]
