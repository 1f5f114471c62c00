"""bin/manage, bin/run beside each other, signals and exit codes."""

import json
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from mailhelper.services import mode, running
from mailhelper.services.errors import ServiceError
from mailhelper.services.locks import Lock
from mailhelper.services.places import ROOT

ENV = {**os.environ, "PYTHONPATH": str(ROOT)}


def python(code: str, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), *arguments],
        env=ENV,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_an_error_is_one_line_and_exit_code_one() -> None:
    code = """
        from mailhelper.services import ServiceError, terminal
        def main(arguments):
            raise ServiceError("No space is left.")
        terminal.run_main(main)
    """
    with python(code) as command:
        output, errors = command.communicate()
    assert (output, errors, command.returncode) == ("", "No space is left.\n", 1)


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGHUP, 129)]
)
def test_a_signal_runs_the_way_out_and_a_second_one_does_not_disturb_it(number: int, code: int) -> None:
    source = """
        import os, signal, sys, time
        from mailhelper.services import terminal
        def main(arguments):
            try:
                print("here", flush=True)
                time.sleep(60)
            finally:
                os.kill(os.getpid(), signal.SIGTERM)
                print("clean", flush=True)
        terminal.run_main(main)
    """
    with python(source) as command:
        assert command.stdout
        assert command.stdout.readline() == "here\n"
        command.send_signal(number)
        output, errors = command.communicate()
    assert (output, errors, command.returncode) == ("clean\n", "", code)


@pytest.mark.parametrize(
    ("child", "code"), [("raise SystemExit(7)", 7), ("import os; os.kill(os.getpid(), 9)", 137)]
)
def test_a_childs_exit_code_is_passed_on(child: str, code: int) -> None:
    source = """
        import sys
        from mailhelper.services import terminal
        terminal.run_main(lambda arguments: terminal.run_child([sys.executable, "-c", arguments[0]], {}))
    """
    with python(source, child) as command:
        command.communicate()
    assert command.returncode == code


def test_ctrl_c_is_left_to_the_child_and_sigterm_is_passed_on() -> None:
    source = """
        import sys
        from mailhelper.services import terminal
        child = "import signal; print('child', flush=True); signal.sigwait([signal.SIGTERM]); print('told')"
        child = "import signal\\nsignal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])\\n" + child
        terminal.run_main(lambda arguments: terminal.run_child([sys.executable, "-c", child], {}))
    """
    with python(source) as command:
        assert command.stdout
        assert command.stdout.readline() == "child\n"
        command.send_signal(signal.SIGINT)
        command.send_signal(signal.SIGTERM)
        output, _ = command.communicate()
    assert (output, command.returncode) == ("told\n", 0)


def test_bin_manage_passes_arguments_output_and_exit_code(data: Path) -> None:
    env = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}
    for arguments, code in ((["check"], 0), (["no_such_command"], 1)):
        done = subprocess.run(
            [ROOT / "bin" / "manage", *arguments],
            env={**env, "DATA_DIR": str(data)},
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
        )
        assert done.returncode == code, done.stderr
    assert "no_such_command" in done.stderr


def test_only_one_bin_run_may_use_a_data_folder(tmp_path: Path) -> None:
    with mode.claim(tmp_path):
        with pytest.raises(ServiceError, match="being started"), mode.claim(tmp_path):
            pass
        mode.announce(tmp_path, "http://localhost:8000", {"DEMO": "1"})
        with pytest.raises(ServiceError) as raised, mode.claim(tmp_path):
            pass
    assert str(raised.value) == f"Mail Helper runs already: http://localhost:8000 (process {os.getpid()})."
    with mode.claim(tmp_path):
        pass


def test_bin_manage_shares_the_settings_of_a_living_bin_run_only(tmp_path: Path) -> None:
    assert mode.shared_settings(tmp_path) == {}
    with mode.claim(tmp_path):
        mode.announce(tmp_path, "http://localhost:8000", {"DEMO": "1"})
        assert mode.shared_settings(tmp_path) == {"DEMO": "1"}
        left = (tmp_path / mode.FILE).read_text()
    (tmp_path / mode.FILE).write_text(left)  # as after a kill
    assert json.loads(left)["pid"] == os.getpid()
    assert mode.shared_settings(tmp_path) == {}


def test_a_glance_of_bin_manage_does_not_stop_bin_run_from_starting(tmp_path: Path) -> None:
    (tmp_path / "locks").mkdir()
    with Lock(tmp_path / "locks" / "run.lock") as glance:
        glance.share()
    with mode.claim(tmp_path):
        pass


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--once", "--no-demo"], "leave --no-demo out"),
        (["--port", "0"], "from 1 to 65535"),
        (["--port", "here"], "invalid int"),
        (["now"], "unrecognized"),
    ],
)
def test_bad_arguments_of_bin_run_are_refused(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as raised:
        running.main(arguments)
    assert raised.value.code == 2
    assert told in capsys.readouterr().err
