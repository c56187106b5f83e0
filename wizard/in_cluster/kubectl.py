"""Runs kubectl with credentials that are kept off the disk if possible, and with limits on time and output.

kubectl is used instead of a client library because operators of the cluster have it and trust it, and because it supports
every proxy and certificate setting of a kubeconfig. Only its `--raw` requests are used: each is exactly one request to the
API server and writes no cache. Google's distribution has a wrapper that does write one (in the current directory, if it
knows no home directory), so KUBECACHEDIR is the null device.
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
from wizard.system.processes import end_program, is_running, started
from wizard.system.sanitize import sanitize, without_secret

TIME_LIMIT = 30.0
"""Seconds for one request. The metrics of a large cluster are megabytes."""
_MOST = 4 * 1024 * 1024
"""Bytes of a response that are kept."""
_MOST_READ = 256 * 1024 * 1024
_MOST_SAID = 256 * 1024
_KEPT = {"SYSTEMROOT", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "ALL_PROXY"}
"""The environment variables that kubectl gets: proxies, and no credential."""
_FOLDER = "aks-kms-inside-"

_FROM_SERVER = re.compile(r"Error from server(?: \((?P<reason>\w+)\))?: (?P<message>.*)", re.DOTALL)
_DENIED = re.compile(
    r"admission webhook .{1,300}? denied the request|ValidatingAdmissionPolicy .{1,600}? denied request",
    re.DOTALL,
)
"""A denial by admission. kubectl prints it with the reason Forbidden (Gatekeeper), without one (Kyverno), or as an invalid
object (docs/azure.md#proof-from-inside-a-cluster)."""


@dataclass(frozen=True)
class Kubectl:
    """kubectl with the credentials of one cluster. Created by `opened`, valid until its block ends."""

    program: str
    _file: str
    _descriptors: tuple[int, ...]
    _environment: Mapping[str, str] = field(repr=False)
    _secrets: tuple[str, ...] = field(repr=False)
    _limit: float

    async def get(self, path: str, keep: Callable[[bytes], bool] | None = None) -> str:
        """Return the response to a GET; with `keep`, only the lines that it accepts. Raise KubectlError."""
        return (await self._run(["get", "--raw", path], b"", keep)).decode("utf-8", "replace")

    async def create(self, path: str, body: str) -> None:
        """Send a POST. Raise KubectlError."""
        await self._run(["create", "--raw", path, "-f", "-"], body.encode(), None)

    async def delete(self, path: str) -> None:
        """Send a DELETE. Raise KubectlError."""
        await self._run(["delete", "--raw", path], b"", None)

    async def _run(self, request: list[str], given: bytes, keep: Callable[[bytes], bool] | None) -> bytes:
        # kubectl gets the timeout too, so that it ends even if this process is killed.
        limits = f"--request-timeout={self._limit:g}s"
        command = [self.program, "--kubeconfig", self._file, limits, *request]
        try:
            async with asyncio.timeout(self._limit):
                output, said, code = await self._output(command, given, keep)
        except TimeoutError:
            raise KubectlError("TimeLimit", f"no response within {self._limit:g} s") from None
        except OSError as error:
            raise KubectlError(
                "Broken", f"{self.program} cannot be started: {error.strerror or error}"
            ) from error
        if code:
            raise self._error(said)
        return output

    def _error(self, said: str) -> KubectlError:
        for secret in self._secrets:  # it should print none
            said = said.replace(secret, "(left out)")
        text = sanitize(without_secret(said)).strip()
        found = _FROM_SERVER.search(text)
        if _DENIED.search(text):
            return KubectlError("Denied", found["message"].strip() if found else text)
        if found:
            return KubectlError(found["reason"] or "Unknown", found["message"].strip())
        if "You must be logged in" in text or "(Unauthorized)" in text:
            return KubectlError("Unauthorized", text)
        if "context deadline exceeded" in text or "Client.Timeout" in text or "request canceled" in text:
            return KubectlError("TimeLimit", text)
        return KubectlError("Unreachable", text or "no message")

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
            raise OSError("no pipes")  # never: requested above
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
    """Return what a stream brings, or the lines that `keep` accepts, up to `most` bytes."""
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
    """Return a kubectl with these credentials, valid within the block. `limit` is in seconds, for each request."""
    given = {name: value for name, value in environment.items() if name.upper() in _KEPT}
    with hidden(kubeconfig.text) as (file, descriptors):
        child_environment = {**given, "LC_ALL": "C.UTF-8", "KUBERC": "off", "KUBECACHEDIR": os.devnull}
        yield Kubectl(program, file, descriptors, child_environment, kubeconfig.secrets, limit)


@contextlib.contextmanager
def hidden(text: str, *, in_memory: bool | None = None) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Return a path at which a program with these descriptors can read the text, until the block ends.

    On Linux it is a file in memory, which disappears with the last process that holds it. macOS and Windows have none:
    there it is a private file in a private directory, and one that a killed process has left is removed here.
    """
    memfd_create = getattr(os, "memfd_create", None)
    if in_memory is None:
        in_memory = Path("/proc/self/fd").is_dir()
    if in_memory and memfd_create:
        descriptor = memfd_create("kubeconfig")
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
            file.flush()
            yield str(path), ()  # still open: see _is_abandoned


def _sweep() -> None:
    """Remove the files of processes that have ended."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_FOLDER}*"):
        owner = folder.name.removeprefix(_FOLDER).partition("-")[0]
        with contextlib.suppress(OSError):
            if owner.isdigit() and _is_abandoned(folder, int(owner)):
                (folder / "kubeconfig").unlink(missing_ok=True)
                folder.rmdir()


def _is_abandoned(folder: Path, owner: int) -> bool:
    """Return whether a folder is the user's own and its process has ended.

    Windows removes no file that a process has open.
    """
    if not hasattr(os, "getuid"):
        return True
    return folder.stat().st_uid == os.getuid() and not is_running(owner)
