"""Answers that were not applied, kept when the wizard ends: the next one offers them. They hold no secrets."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from screens.session.draft import Draft, KeyChoice, NewClusterForm, VaultForm
from screens.wizard_steps import ORDER
from wizard.system import private_files
from wizard.system.sanitize import one_line

_SUFFIX = ".json"


@dataclass(frozen=True)
class SavedDraft:
    """The answers of a wizard that has ended; without what is read from Azure again."""

    saved: datetime
    cloud: str
    """The Azure Resource Manager endpoint."""
    subscription: str
    """The ID of the selected subscription."""
    cluster: str
    """The resource ID of the selected cluster; empty for a new one."""
    new_cluster: NewClusterForm
    option: KeyChoice | None
    vault: VaultForm
    completed: tuple[str, ...]
    path: Path = Path()
    """The file that it was read from; not in the file."""

    @property
    def name(self) -> str:
        """The name of the cluster."""
        return one_line(self.cluster.rpartition("/")[2] or self.new_cluster.name or "a new cluster")

    @property
    def draft(self) -> Draft:
        """The draft, without its subscription and its cluster."""
        return Draft(
            new_cluster=self.new_cluster,
            option=self.option,
            vault=self.vault,
            completed=frozenset(self.completed) & set(ORDER),
        )


def to_save(draft: Draft, cloud: str) -> SavedDraft | None:
    """Return what is kept of a draft, or None if nothing was answered that is worth it."""
    if draft.subscription is None or (draft.option is None and draft.new_cluster == NewClusterForm()):
        return None
    return SavedDraft(
        datetime.now(UTC).replace(microsecond=0),
        cloud,
        draft.subscription.id,
        draft.cluster.id if draft.cluster else "",
        draft.new_cluster,
        draft.option,
        draft.vault,
        tuple(step for step in ORDER[: ORDER.index("review")] if step in draft.completed),
    )


def new_path(journal_root: Path | None) -> Path:
    """Return the file for the draft of a wizard that starts now, in a directory beside that of the runs."""
    state = journal_root.parent if journal_root else private_files.state_directory()
    name = f"{datetime.now().astimezone():%Y%m%d-%H%M%S-%f}-{os.getpid()}{_SUFFIX}"
    return state / "drafts" / name


def write(path: Path, draft: SavedDraft | None) -> None:
    """Write a draft, or delete the file if there is nothing to keep. Raise OSError."""
    if draft is None:
        path.unlink(missing_ok=True)
        return
    from pydantic import TypeAdapter

    private_files.make_directory(path.parent)
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    text = TypeAdapter(SavedDraft).dump_json(draft, indent=1, exclude={"path"}).decode()
    private_files.write(fresh, f"{text}\n")
    fresh.replace(path)


def saved_drafts(directory: Path, cloud: str) -> list[SavedDraft]:
    """Return the drafts for this cloud, the newest first. A file that cannot be read is left out."""
    found = [draft for draft in _readable(directory) if draft.cloud == cloud]
    return sorted(found, key=lambda draft: draft.saved, reverse=True)


def _readable(directory: Path) -> Iterator[SavedDraft]:
    try:
        private_files.check_directory(directory)
        paths = [path for path in directory.iterdir() if path.suffix == _SUFFIX]
    except OSError:
        return
    if not paths:
        return
    from pydantic import TypeAdapter

    drafts = TypeAdapter(SavedDraft)
    for path in paths:
        try:
            yield replace(drafts.validate_json(private_files.read(path)), path=path)
        except (OSError, ValueError):
            continue
