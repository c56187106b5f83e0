"""The main key options without what Windows and macOS lack, in this process: calls, flags and signals are taken away."""

import asyncio
import errno
import io
import json
import math
import os
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from screens.cli import main
from screens.cli.outcome import read_line, run_command
from tests.in_process import run
from tests.operator import wizard
from tests.support import answers, cluster_id, gone
from wizard.answers import model
from wizard.cloud.tools import check
from wizard.errors import UnsafePathError
from wizard.in_cluster.kubectl import hidden
from wizard.procedure.cluster_lock import ClusterLock, HeldError, holders
from wizard.runs import rotating_log
from wizard.simulator import Simulator
from wizard.system import private_files, processes

POSIX_ONLY = (
    "geteuid",
    "getuid",
    "memfd_create",
    "killpg",
    "fchmod",
    "pread",
    "pwrite",
    "O_NOFOLLOW",
    "O_DIRECTORY",
)
WINDOWS: Any = SimpleNamespace(platform="win32")
"""Stands in for `sys` in one module."""


@pytest.fixture
def lacking(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Take away what Windows lacks, and most of which macOS lacks too."""
    import filelock  # noqa: F401 - it uses LockFileEx there, not fcntl

    for name in POSIX_ONLY:
        monkeypatch.delattr(os, name)
    monkeypatch.delattr(signal, "SIGHUP")
    monkeypatch.setitem(sys.modules, "fcntl", None)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def missing(*_: object) -> None:
        raise NotImplementedError

    for name in ("add_signal_handler", "remove_signal_handler", "add_reader", "remove_reader"):
        monkeypatch.setattr(asyncio.SelectorEventLoop, name, missing)
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("lacking")
def test_a_cluster_is_encrypted_and_verified_from_a_home_with_backslashes(tmp_path: Path) -> None:
    home = tmp_path / r"C:\Users\An Operator"
    home.mkdir()
    text = answers("platform-managed").to_yaml().replace("\n", "\r\n")
    (home / "answers.yaml").write_bytes(b"\xef\xbb\xbf" + text.encode())
    arguments = ("--simulate", "--speed=max", "apply", "-f", "answers.yaml", "--yes", "-o", "json")
    done = run(*arguments, home=home, environment={"ACC_CLOUD": "PROD"})
    assert done.code == 0, done.err
    assert "! Azure Cloud Shell ends a session" in done.err
    [found] = run("runs", "list", "-o", "json", home=home).json["runs"]
    assert (found["status"], found["path"].startswith(str(home))) == ("succeeded", True)
    report = run("runs", "report", found["id"], home=home)
    assert report.code == 0, report.err
    assert report.json["summary"]["passed"] == 1
    assert run("--simulate", "verify", "--all", "-o", "sarif", home=home).json["version"] == "2.1.0"


@pytest.mark.usefixtures("lacking")
async def test_the_wizard_encrypts_a_cluster(tmp_path: Path) -> None:
    async with (
        Simulator("contoso", speed=math.inf) as simulator,
        wizard(simulator, tmp_path / r"C:\Users\An Operator", ACC_CLOUD="PROD") as operator,
    ):
        await operator.sees("Azure Cloud Shell ends a session after 20 minutes")
        await operator.to_clusters()
        await operator.choose("aks-demo")
        await operator.to_review("platform-managed")
        await operator.start("aks-demo")
        await operator.until(
            lambda: (
                operator.app.session.exit_code == 0
                and operator.app.session.active is not None
                and operator.app.session.active.status == "succeeded"
            ),
            "the end",
        )


@pytest.mark.usefixtures("lacking")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_interrupts_a_command_whose_loop_has_no_handlers(
    number: signal.Signals, capsys: pytest.CaptureFixture[str]
) -> None:
    cleaned: list[bool] = []

    async def work() -> int:
        try:
            signal.raise_signal(number)
            return await asyncio.Event().wait()
        finally:
            cleaned.append(True)

    assert run_command(work()) == 130
    assert cleaned
    assert "Interrupted." in capsys.readouterr().err
    with pytest.raises(KeyboardInterrupt):  # the loop has ended
        signal.raise_signal(number)


@pytest.mark.usefixtures("lacking")
def test_a_line_is_read_by_a_loop_that_cannot_wait_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    theirs, ours = os.pipe()
    os.write(ours, b"aks-demo\n")
    os.close(ours)
    handler = signal.getsignal(signal.SIGINT)
    with os.fdopen(theirs, encoding="utf-8") as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        assert asyncio.run(read_line()) == "aks-demo\n"
    assert signal.getsignal(signal.SIGINT) is handler


@pytest.mark.usefixtures("lacking")
async def test_a_lock_names_its_holder_and_its_locked_byte_is_not_read(tmp_path: Path) -> None:
    """Windows lets no other process read the byte that is locked."""
    lock = ClusterLock("https://arm", cluster_id(), root=tmp_path)
    await lock.acquire()
    assert lock.path.read_bytes()[:1] == b"\n"
    with pytest.raises(HeldError, match=f"process {os.getpid()},"):
        await ClusterLock("https://arm", cluster_id(), root=tmp_path).acquire()
    assert [holder.cluster for holder in holders(tmp_path)] == ["aks-demo"]
    lock.release()
    assert holders(tmp_path) == []


def test_the_state_directory_can_be_chosen_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "/elsewhere")
    here = private_files.state_directory()
    monkeypatch.setattr(private_files, "sys", WINDOWS)
    assert private_files.state_directory() == here == Path("/elsewhere/aks-kms")


@pytest.mark.usefixtures("lacking")
def test_no_link_is_followed_without_the_flag_for_it(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("of another")
    (tmp_path / "link").symlink_to(tmp_path / "target")
    with pytest.raises(OSError, match="link") as refused:
        private_files.read(tmp_path / "link")
    assert refused.value.errno == errno.ELOOP
    with pytest.raises(FileExistsError):
        private_files.create(tmp_path / "target")
    (tmp_path / "folder").symlink_to(tmp_path)
    with pytest.raises(UnsafePathError):
        private_files.make_directory(tmp_path / "folder")


@pytest.mark.usefixtures("lacking")
def test_a_kubeconfig_is_a_private_file_until_its_block_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    left = tmp_path / "aks-kms-inside-1-left"
    left.mkdir()
    (left / "kubeconfig").write_text("of a killed process")
    with hidden("credentials") as (path, descriptors):
        assert (Path(path).read_text(), descriptors) == ("credentials", ())
        assert stat.S_IMODE(Path(path).stat().st_mode) == 0o600
        assert not left.exists()
    assert list(tmp_path.iterdir()) == []


async def test_tools_have_their_windows_names_and_do_not_come_from_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "sys", WINDOWS)
    versions = {
        "az.cmd": {"azure-cli": "2.80.0", "extensions": {"aks-preview": "19.0.0b15"}},
        "kubectl.exe": {"clientVersion": {"gitVersion": "v1.34.1"}},
    }
    for name, version in versions.items():
        (tmp_path / name).write_text(f"#!/bin/sh\necho '{json.dumps(version)}'\n")
        (tmp_path / name).chmod(0o755)
    (tmp_path / "az").write_text("the script for other shells")
    (tmp_path / "az").chmod(0o755)
    monkeypatch.chdir(tmp_path)
    assert [tool.state for tool in await check({"PATH": os.defpath})] == ["missing"] * 3
    az, _, kubectl = await check({"PATH": f"{tmp_path}"})
    assert (az.path, az.found) == (str(tmp_path / "az.cmd"), "2.80.0")
    assert (kubectl.path, kubectl.found) == (str(tmp_path / "kubectl.exe"), "1.34.1")


async def test_what_a_batch_file_started_ends_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`taskkill /T` ends a tree of processes; the stand-in ends the one that is named."""
    monkeypatch.setattr(processes, "sys", WINDOWS)
    system = tmp_path / "System32"
    system.mkdir()
    (system / "taskkill.exe").write_text('#!/bin/sh\nshift 3\nkill -9 "$1"\necho "$@" > "$0.told"\n')
    (system / "taskkill.exe").chmod(0o755)
    monkeypatch.setenv("SYSTEMROOT", str(tmp_path))
    process = await processes.started("/bin/sleep", "600", stdout=subprocess.PIPE)
    await processes.end_program(process)
    assert (system / "taskkill.exe.told").read_text() == f"{process.pid}\n"
    await gone(process.pid)


def test_a_log_that_cannot_be_renamed_while_it_is_open_keeps_every_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotating_log, "sys", WINDOWS)
    path = tmp_path / "run.log"
    rename, read_elsewhere = Path.replace, True

    def replaced(one: Path, other: Path) -> Path:
        if read_elsewhere:
            raise PermissionError(errno.EACCES, "used by another process")
        assert log._file == -1, "it is closed"
        return rename(one, other)

    monkeypatch.setattr(Path, "replace", replaced)
    log = rotating_log.RotatingLog(path, max_size=10)
    log.append(b"one line\n", durable=True)
    log.append(b"two lines\n", durable=True)
    assert path.read_bytes() == b"one line\ntwo lines\n"
    read_elsewhere = False
    log.append(b"three\n", durable=True)
    log.close()
    assert path.read_bytes() == b"three\n"
    assert rotating_log.previous_part(path).read_bytes() == b"one line\ntwo lines\n"


@pytest.mark.parametrize(("terminal", "written"), [(False, "✓ é\n".encode()), (True, b"\\u2713 \xe9\r\n")])
def test_a_file_is_utf_8_and_a_console_keeps_its_code_page(
    terminal: bool, written: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(main, "sys", WINDOWS)
    monkeypatch.delenv("PYTHONIOENCODING", raising=False)
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, "cp1252", newline="\r\n")
    stream.isatty = lambda: terminal  # type: ignore[method-assign]
    main._prepare(stream)
    stream.write("✓ é\n")
    stream.flush()
    assert raw.getvalue() == written


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_an_answers_file_that_powershell_has_written_is_read(encoding: str) -> None:
    text = answers("customer-managed-private").to_yaml()
    assert model.decode(text.replace("\n", "\r\n").encode(encoding)) == answers("customer-managed-private")
