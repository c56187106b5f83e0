"""The simulator's temporary folder. Folders left behind by killed simulators are removed when the next one starts."""

import os
import platform
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from wizard.system.processes import is_running


@contextmanager
def temp_folder() -> Iterator[Path]:
    """Create a private folder, and remove it at the end of the block.

    Its name contains the host and the process id, by which it is recognized if the process is killed.
    """
    prefix = f"simulated-azure-{re.sub(r'[^A-Za-z0-9.]', '_', platform.node())}-"
    sweep(Path(tempfile.gettempdir()), prefix)
    with tempfile.TemporaryDirectory(prefix=f"{prefix}{os.getpid()}-") as folder:
        yield Path(folder)


def sweep(place: Path, prefix: str) -> None:
    """Remove the folders of this user in `place` that are named PREFIX, process id, hyphen and more, if the process has ended.

    Folders that cannot be read or removed are left.
    """
    if not hasattr(os, "getuid"):
        return  # on Windows os.kill(process, 0) ends the process
    name = re.compile(re.escape(prefix) + r"(?P<process>[0-9]{1,9})-.*")
    with suppress(OSError), os.scandir(place) as entries:
        for entry in entries:
            match = name.fullmatch(entry.name)
            if (
                match
                and entry.is_dir(follow_symlinks=False)
                and entry.stat(follow_symlinks=False).st_uid == os.getuid()
                and not is_running(int(match["process"]))
            ):
                shutil.rmtree(entry.path, ignore_errors=True)
