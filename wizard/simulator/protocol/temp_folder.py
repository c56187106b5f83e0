"""A folder of the simulator's own, for as long as it serves. What a killed simulator left behind goes when the next one starts."""

import os
import platform
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def own_folder() -> Iterator[Path]:
    """A private folder, gone when the block is left.

    Its name tells machine and process, so that it can be known for a leftover if the process is killed.
    """
    prefix = f"simulated-azure-{re.sub(r'[^A-Za-z0-9.]', '_', platform.node())}-"
    sweep(Path(tempfile.gettempdir()), prefix)
    with tempfile.TemporaryDirectory(prefix=f"{prefix}{os.getpid()}-") as folder:
        yield Path(folder)


def sweep(place: Path, prefix: str) -> None:
    """Remove this user's folders in `place` named PREFIX, process, hyphen and more, of processes that there are not any more.

    What cannot be read or removed stays.
    """
    if os.name != "posix":
        return  # elsewhere os.kill ends whom it is to ask after
    name = re.compile(re.escape(prefix) + r"(?P<process>[0-9]{1,9})-.*")
    with suppress(OSError), os.scandir(place) as entries:
        for entry in entries:
            match = name.fullmatch(entry.name)
            if (
                match
                and entry.is_dir(follow_symlinks=False)
                and entry.stat(follow_symlinks=False).st_uid == os.getuid()
                and not _lives(int(match["process"]))
            ):
                shutil.rmtree(entry.path, ignore_errors=True)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
