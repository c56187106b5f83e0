"""The clusters that the last list of all clusters showed: kept for shell completion, and for nothing else.

Only names and IDs are kept, in the state directory, and one list for each cloud.
"""

import json
import os
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from wizard.system import private_files

_MOST = 20_000
"""Clusters that are kept at most."""


@dataclass(frozen=True)
class SeenCluster:
    """A cluster, as a command line names it."""

    id: str
    name: str
    resource_group: str
    subscription: str
    subscription_name: str


def list_name(simulate: str | None, arm_endpoint: str | None, cloud: str) -> str:
    """Return the name of the list of a cloud, as the command line selects it; `simulate` is the scenario."""
    if simulate is not None:
        return "simulated"
    return re.sub(
        r"[^\w.-]", "_", urlsplit(arm_endpoint).netloc.rpartition("@")[2] if arm_endpoint else cloud
    )[:100]


def save(name: str, clusters: Iterable[SeenCluster]) -> None:
    """Keep these clusters in place of the earlier ones of that list. A directory that cannot be written is ignored."""
    rows = [[each.id, each.name, each.resource_group, each.subscription, each.subscription_name]
            for each, _ in zip(clusters, range(_MOST), strict=False)]  # fmt: skip
    path = _path(name)
    fresh = path.with_suffix(f".{os.getpid()}")
    with suppress(OSError):
        private_files.make_directory(path.parent)
        fresh.unlink(missing_ok=True)
        private_files.write(fresh, json.dumps(rows))
        fresh.replace(path)


def load(name: str) -> list[SeenCluster]:
    """Return the clusters of a list; none if there is no such list, or it cannot be read."""
    try:
        private_files.check_directory(_path(name).parent)
        return [SeenCluster(*map(str, row)) for row in json.loads(private_files.read(_path(name)))]
    except (OSError, ValueError, TypeError):
        return []


def _path(name: str) -> Path:
    return private_files.state_directory() / "seen" / f"{name}.json"
