"""kubectl, run with credentials that touch no disk where that can be helped, and with limits on everything.

It is used rather than a client library because it is what an operator of the cluster has and trusts, and because it
knows every way through proxies and certificates that a kubeconfig can ask for. Only its `--raw` requests are used: each
is exactly one request to the API server, named here, and none of them leaves a cache behind. Google's distribution puts
a program before it that does (in the folder one happens to be in, where it is told of no home), so there is none to keep.
"""

import asyncio
import contextlib
import os
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from wizard.errors import KubectlError
from wizard.in_cluster.kubeconfig import Kubeconfig
from wizard.system.processes import end_program, started
from wizard.system.sanitize import sanitize, without_secret

TIME_LIMIT = 30.0
"""Seconds for one request; the metrics of a large cluster are megabytes."""
_MOST = 4 * 1024 * 1024
"""Bytes that are kept of an answer."""
_MOST_READ = 256 * 1024 * 1024
_MOST_SAID = 256 * 1024
_KEPT = {"SYSTEMROOT", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "ALL_PROXY"}
"""What kubectl is given of the environment: the way out, and no credential."""
_FOLDER = "aks-kms-inside-"

_FROM_SERVER = re.compile(r"Error from server \((?P<reason>\w+)\): (?P<message>.*)", re.DOTALL)


@dataclass(frozen=True)
class Kubectl:
    """One kubectl, with the credentials of one cluster. Made by `opened`, good until its block ends."""

    program: str
    _file: str
    _descriptors: tuple[int, ...]
    _environment: Mapping[str, str] = field(repr=False)
    _secrets: tuple[str, ...] = field(repr=False)
    _limit: float

    async def get(self, path: str, keep: Callable[[bytes], bool] | None = None) -> str:
        """What a GET returns; with `keep`, only the lines that it takes. Raises KubectlError."""
        return (await self._run(["get", "--raw", path], b"", keep)).decode("utf-8", "replace")

    async def create(self, path: str, body: str) -> None:
        """A POST. Raises KubectlError."""
        await self._run(["create", "--raw", path, "-f", "-"], body.encode(), None)

    async def delete(self, path: str) -> None:
        """A DELETE. Raises KubectlError."""
        await self._run(["delete", "--raw", path], b"", None)

    async def _run(self, request: list[str], given: bytes, keep: Callable[[bytes], bool] | None) -> bytes:
        # kubectl is told its limit too, so that it ends even where nobody is left to end it.
        limits = f"--request-timeout={self._limit:g}s"
        command = [self.program, "--kubeconfig", self._file, limits, *request]
        try:
            async with asyncio.timeout(self._limit):
                output, said, code = await self._output(command, given, keep)
        except TimeoutError:
            raise KubectlError("TimeLimit", f"no answer within {self._limit:g} s") from None
        except OSError as error:
            raise KubectlError(
                "Broken", f"{self.program} cannot be run: {error.strerror or error}"
            ) from error
        if code:
            raise self._error(said)
        return output

    def _error(self, said: str) -> KubectlError:
        for secret in self._secrets:  # it prints none; should it ever, it stops here
            said = said.replace(secret, "(left out)")
        text = sanitize(without_secret(said)).strip()
        if found := _FROM_SERVER.search(text):
            return KubectlError(found["reason"], found["message"].strip())
        if "You must be logged in" in text or "(Unauthorized)" in text:
            return KubectlError("Unauthorized", text)
        if "context deadline exceeded" in text or "Client.Timeout" in text or "request canceled" in text:
            return KubectlError("TimeLimit", text)
        return KubectlError("Unreachable", text or "it said nothing")

    async def _output(
        self, command: list[str], given: bytes, keep: Callable[[bytes], bool] | None
    ) -> tuple[bytes, str, int]:
        process = await started(
            *command,
            env=dict(self._environment),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
            pass_fds=self._descriptors,
        )
        if process.stdin is None or process.stdout is None or process.stderr is None:
            raise OSError("no pipes")  # asked for just above
        try:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                process.stdin.write(given)
                await process.stdin.drain()
            process.stdin.close()
            output, said = await asyncio.gather(
                _read(process.stdout, keep), _read(process.stderr, None, _MOST_SAID)
            )
            return output, said.decode("utf-8", "replace"), await process.wait()
        finally:
            await end_program(process)


async def _read(
    stream: asyncio.StreamReader, keep: Callable[[bytes], bool] | None, most: int = _MOST
) -> bytes:
    """All that a stream brings, or the lines that `keep` takes; no more than `most` bytes of it are kept."""
    kept, rest, read = bytearray(), b"", 0
    while (more := await stream.read(65536)) and read < _MOST_READ:
        read += len(more)
        if keep is None:
            kept += more[: most - len(kept)]
            continue
        *lines, rest = (rest + more).split(b"\n")
        rest = rest[:65536]
        for line in lines:
            if keep(line) and len(kept) + len(line) < most:
                kept += line + b"\n"
    if keep is not None and rest and keep(rest):
        kept += rest
    return bytes(kept)


@contextlib.contextmanager
def opened(
    program: str, kubeconfig: Kubeconfig, environment: Mapping[str, str], *, limit: float = TIME_LIMIT
) -> Iterator[Kubectl]:
    """A kubectl with these credentials, for the length of the block; `limit` is in seconds, for each request."""
    given = {name: value for name, value in environment.items() if name.upper() in _KEPT}
    with hidden(kubeconfig.text) as (file, descriptors):
        child_environment = {**given, "LC_ALL": "C.UTF-8", "KUBERC": "off", "KUBECACHEDIR": os.devnull}
        yield Kubectl(program, file, descriptors, child_environment, kubeconfig.secrets, limit)


@contextlib.contextmanager
def hidden(text: str, *, in_memory: bool | None = None) -> Iterator[tuple[str, tuple[int, ...]]]:
    """A path at which a program that is given these descriptors reads the text; gone when the block ends.

    On Linux it is a file in memory alone, which ends with the last process that holds it, however that ends. Elsewhere
    it is a file for its owner alone in a directory for its owner alone; one that a killed process left is removed here.
    """
    if in_memory if in_memory is not None else hasattr(os, "memfd_create") and Path("/proc/self/fd").is_dir():
        descriptor = os.memfd_create("kubeconfig")
        try:
            with open(descriptor, "wb", closefd=False) as file:
                file.write(text.encode())
            yield f"/proc/self/fd/{descriptor}", (descriptor,)
        finally:
            os.close(descriptor)
        return
    _sweep()
    with tempfile.TemporaryDirectory(prefix=f"{_FOLDER}{os.getpid()}-") as folder:  # 0700
        path = Path(folder, "kubeconfig")
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:  # noqa: PTH123 - the mode
            file.write(text.encode())
        yield str(path), ()


def _sweep() -> None:
    """Remove what processes that are no more have left behind."""
    if os.name != "posix":  # elsewhere, asking whether a process lives may end it
        return
    for folder in Path(tempfile.gettempdir()).glob(f"{_FOLDER}*"):
        owner = folder.name.removeprefix(_FOLDER).partition("-")[0]
        with contextlib.suppress(OSError):
            if folder.stat().st_uid == os.getuid() and owner.isdigit() and not _lives(int(owner)):
                (folder / "kubeconfig").unlink(missing_ok=True)
                folder.rmdir()


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
