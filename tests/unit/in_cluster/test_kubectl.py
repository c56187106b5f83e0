"""kubectl: credentials leave no trace, limits apply, errors are classified."""

import asyncio
import hashlib
import os
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.simulated.in_cluster.kubectl import stand_in
from tests.support import LIMIT, gone
from wizard.errors import KubectlError
from wizard.in_cluster.kubeconfig import Kubeconfig
from wizard.in_cluster.kubectl import hidden, opened
from wizard.system.processes import started

TOKEN = "sentinel-token-that-nobody-may-see"
CREDENTIALS = Kubeconfig(f'{{"users": [{{"token": "{TOKEN}"}}]}}', "https://there", "as ops", (TOKEN,))


def program(folder: Path, script: str) -> str:
    return str(Path(stand_in(folder, script), "kubectl"))


async def test_kubectl_can_read_the_credentials_repeatedly_and_gets_nothing_else(
    tmp_path: Path,
) -> None:
    script = 'cat "$2"; echo; cat "$2"; echo; env; echo "$@"'
    given = {"AZURE_CLIENT_SECRET": "secret", "KUBECONFIG": "mine", "HTTPS_PROXY": "http://p", "HOME": "/h"}
    with opened(program(tmp_path, script), CREDENTIALS, given) as kubectl:
        lines = (await kubectl.get("/readyz")).splitlines()
    assert lines[:2] == [CREDENTIALS.text] * 2
    assert {line.partition("=")[0] for line in lines[2:-1]} - {"PWD", "SHLVL", "_", "OLDPWD"} == {
        "HTTPS_PROXY", "LC_ALL", "KUBERC", "KUBECACHEDIR",
    }  # fmt: skip
    assert TOKEN not in lines[-1]
    assert lines[-1].endswith("get --raw /readyz")


@pytest.mark.parametrize("in_memory", [True, False])
def test_credentials_are_removed(in_memory: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:  # fmt: skip
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with hidden("text", in_memory=in_memory) as (file, descriptors):
        assert Path(file).read_text() == "text"
        assert bool(descriptors) is in_memory
        if not in_memory:
            assert stat.S_IMODE(Path(file).stat().st_mode) == 0o600
            assert stat.S_IMODE(Path(file).parent.stat().st_mode) == 0o700
    assert not Path(file).exists()
    assert list(tmp_path.iterdir()) == []


def test_files_of_killed_processes_are_removed_and_those_of_running_ones_kept(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    for owner in (ended.pid, os.getpid()):
        folder = tmp_path / f"aks-kms-inside-{owner}-x"
        folder.mkdir(0o700)
        (folder / "kubeconfig").write_text(TOKEN)
    with hidden("text", in_memory=False):
        pass
    assert [path.name for path in tmp_path.iterdir()] == [f"aks-kms-inside-{os.getpid()}-x"]


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ('Error from server (Forbidden): secrets is forbidden: User "x" cannot create', "Forbidden"),
        ('Error from server (NotFound): secrets "x" not found', "NotFound"),
        (
            'Error from server: admission webhook "validate.kyverno.svc-fail" denied the request: \n\nresource',
            "Denied",
        ),
        (
            'Error from server (Forbidden): admission webhook "validation.gatekeeper.sh" denied the request: [x]',
            "Denied",
        ),
        (
            "The secrets \"x\" is invalid: : ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no",
            "Denied",
        ),
        ("Error from server: etcdserver: request timed out", "Unknown"),
        ("error: You must be logged in to the server (Unauthorized)", "Unauthorized"),
        ("Unable to connect to the server: dial tcp: lookup x: no such host", "Unreachable"),
        ("Unable to connect to the server: context deadline exceeded", "TimeLimit"),
        ("", "Unreachable"),
    ],
)
async def test_errors_of_kubectl_are_classified(tmp_path: Path, said: str, reason: str) -> None:
    script = f"cat >&2 <<'END'\n{said} {TOKEN}\x1b[2J invalid proxy address http://me:its-pw@h:1\nEND\nexit 1"
    with (
        opened(program(tmp_path, script), CREDENTIALS, os.environ) as kubectl,
        pytest.raises(KubectlError) as refused,
    ):
        await kubectl.get("/readyz")
    assert refused.value.reason == reason
    assert TOKEN not in str(refused.value)
    assert "-pw" not in str(refused.value)
    assert "\x1b" not in str(refused.value)


async def test_an_endless_response_is_cut_and_a_missing_one_times_out(
    tmp_path: Path,
) -> None:
    endless = program(tmp_path, "while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done; sleep 60")
    with (
        opened(endless, CREDENTIALS, os.environ, limit=1) as kubectl,
        pytest.raises(KubectlError) as refused,
    ):
        await kubectl.get("/readyz")
    assert refused.value.reason == "TimeLimit"
    big = program(tmp_path, "head -c 9000000 /dev/zero; echo; echo wanted; head -c 9000000 /dev/zero")
    with opened(big, CREDENTIALS, os.environ) as kubectl:
        assert len(await kubectl.get("/readyz")) == 4 * 1024 * 1024
        assert await kubectl.get("/metrics", keep=lambda line: line.startswith(b"w")) == "wanted\n"


async def test_output_beyond_the_limit_does_not_block(tmp_path: Path) -> None:
    endless = program(tmp_path, "while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done")

    def slow(line: bytes) -> bool:
        return hashlib.pbkdf2_hmac("sha1", line, b"", 2000) == b""  # busy, as a machine under load is

    with (
        opened(endless, CREDENTIALS, os.environ, limit=1) as kubectl,
        pytest.raises(KubectlError) as refused,
    ):
        async with asyncio.timeout(LIMIT):
            await kubectl.get("/metrics", keep=slow)
    assert refused.value.reason == "TimeLimit"


async def test_kubectl_ends_if_its_caller_is_cancelled(tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    waits = program(tmp_path, f"echo $$ > {mark}; sleep 60")
    with opened(waits, CREDENTIALS, os.environ) as kubectl:
        task = asyncio.create_task(kubectl.get("/readyz"))
        while not mark.exists() or not mark.read_text().strip():  # noqa: ASYNC110 - a file sets no event
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    with pytest.raises(ProcessLookupError):
        os.kill(int(mark.read_text()), 0)


async def test_kubectl_ends_if_its_caller_is_cancelled_during_the_start(tmp_path: Path) -> None:
    """asyncio alone would wait for a child process that holds the pipes of the killed program."""
    mark = tmp_path / "pid"
    waits = program(tmp_path, f"sleep 60 & echo $! > {mark}; wait")
    starting = asyncio.create_task(started(waits, stdout=asyncio.subprocess.PIPE, start_new_session=True))
    await asyncio.sleep(0)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    written = mark.read_text().strip() if mark.exists() else ""  # it may not have come as far as that
    if written:
        await gone(int(written))


async def test_a_program_that_cannot_be_started_is_broken(tmp_path: Path) -> None:
    with (
        opened(str(tmp_path / "none"), CREDENTIALS, os.environ) as kubectl,
        pytest.raises(KubectlError) as refused,
    ):
        await kubectl.get("/readyz")
    assert refused.value.reason == "Broken"


def test_credentials_have_no_repr() -> None:
    assert TOKEN not in repr(CREDENTIALS)
