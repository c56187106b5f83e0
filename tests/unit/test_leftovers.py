"""What a test must not leave behind or write to is found, each kind of it."""

import os
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from tests.leftovers import Leftovers, children, listening
from tests.own_places import OwnPlaces


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> OwnPlaces:
    """Places of a run whose folder is `tmp_path / "own"`."""
    for name in ("own/home/config", "own/tmp", "other"):
        (tmp_path / name).mkdir(parents=True)
    monkeypatch.setenv("HOME", str(tmp_path / "own/home"))
    return OwnPlaces(tmp_path / "own", monkeypatch)


def test_what_is_written_elsewhere_is_found(tmp_path: Path, places: OwnPlaces) -> None:
    (tmp_path / "own" / "fine").write_text("")
    (tmp_path / "own" / "fine").read_text()
    (tmp_path / "other" / "text").write_text("")
    (tmp_path / "other" / "folder").mkdir()
    (tmp_path / "own" / "fine").rename(tmp_path / "other" / "moved")
    os.close(os.open(tmp_path / "other" / "opened", os.O_CREAT))
    names = ("text", "folder", "moved", "opened")
    assert places.found() == [f"{tmp_path / 'other' / name} was written" for name in names]
    assert places.found() == []


def test_a_program_with_another_home_is_found(tmp_path: Path, places: OwnPlaces) -> None:
    subprocess.run(["true"], check=True)
    subprocess.run(["true"], check=True, env={"HOME": str(tmp_path)})
    assert places.found() == [f"HOME of a program is {tmp_path}: ['true']"]


def test_what_is_left_is_named_with_its_test(tmp_path: Path, places: OwnPlaces) -> None:
    left = Leftovers(tmp_path / "own", places)
    left.check()
    (tmp_path / "own" / "home" / ".kube").mkdir()
    (tmp_path / "own" / "home" / "config" / "aks-kms").mkdir()
    (tmp_path / "own" / "tmp" / "folder").mkdir()
    left.note("test_one")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(AssertionError) as told:
            left.check()
    for name in (".kube in HOME", "aks-kms in HOME", "temporary folder"):
        assert f"{name}, since test_one" in str(told.value)
    assert f"port {port}, since" in str(told.value)


@pytest.mark.parametrize("family", ["127.0.0.1", "::1"])
def test_a_listening_port_is_found(family: str) -> None:
    with socket.socket(socket.AF_INET6 if ":" in family else socket.AF_INET) as server:
        server.bind((family, 0))
        server.listen()
        assert server.getsockname()[1] in listening()


def test_a_process_whose_parent_has_ended_is_found() -> None:
    started = ["sh", "-c", "sleep 600 >/dev/null 2>&1 & echo $!"]
    out = subprocess.run(started, check=True, stdout=subprocess.PIPE)
    pid = int(out.stdout)
    assert pid in dict(children())
    os.kill(pid, signal.SIGKILL)
