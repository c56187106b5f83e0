"""Answers that were not applied are kept in a file, and read from it again."""

from dataclasses import replace
from pathlib import Path

from screens.session.draft import Draft, NewClusterForm, VaultForm
from screens.session.saved_drafts import new_path, saved_drafts, to_save, write
from wizard.cloud.azure import Subscription

PRODUCTION = Subscription("22222222-2222-2222-2222-222222222222", "Production", "t", "Enabled")
CLOUD = "https://management.azure.com"
DRAFT = Draft(
    subscription=PRODUCTION,
    new_cluster=NewClusterForm("orders", "rg-orders", "westeurope"),
    option="Private",
    vault=VaultForm(vault="kv-mine", tags="owner=me", seen=True),
    completed=frozenset({"prerequisites", "feature", "cluster", "key"}),
)


def test_draft_is_read_as_it_was_written_by_the_next_wizard_of_the_same_cloud(tmp_path: Path) -> None:
    path = new_path(tmp_path / "runs")
    write(path, to_save(DRAFT, CLOUD))
    assert path.parent == tmp_path / "drafts"
    assert path.stat().st_mode & 0o077 == 0
    (read,) = saved_drafts(path.parent, CLOUD)
    assert replace(read.draft, subscription=PRODUCTION) == DRAFT
    assert (read.subscription, read.name, read.path) == (PRODUCTION.id, "orders", path)
    assert saved_drafts(path.parent, "https://management.chinacloudapi.cn") == []
    write(path, None)
    assert saved_drafts(path.parent, CLOUD) == []


def test_draft_without_an_answer_is_not_kept() -> None:
    assert to_save(Draft(), CLOUD) is None
    assert to_save(Draft(subscription=PRODUCTION, completed=frozenset({"prerequisites"})), CLOUD) is None


def test_file_that_is_no_draft_is_left_out(tmp_path: Path) -> None:
    path = new_path(tmp_path / "runs")
    write(path, to_save(DRAFT, CLOUD))
    text = path.read_text("utf-8")
    for name, content in {
        "a.json": "{",
        "b.json": "[]",
        "c.json": text.replace("Private", "Other"),
        "d.json": text.replace('"kv-mine"', "1"),
    }.items():
        (path.parent / name).write_text(content, "utf-8")
    (path.parent / "e.json").symlink_to(path)
    assert [draft.path for draft in saved_drafts(path.parent, CLOUD)] == [path]
