"""The three key options as an aligned comparison: what each means, what it changes, and what it still needs. Pure functions."""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from screens.session.draft import Draft, KeyChoice
from wizard.cloud.inventory import ClusterRow
from wizard.reports.wording import explained
from wizard.rules.regions import WITHOUT_IDENTITIES

if TYPE_CHECKING:
    from wizard.rules import Finding


@dataclass(frozen=True)
class Option:
    """One key option."""

    choice: KeyChoice
    title: str
    tab: str
    """The title of its tab, where there is room for one card only."""
    owner: str
    rotation: str
    access: str
    created: str
    time: str
    duty: str
    suits: str


OPTIONS = (
    Option(
        "platform-managed",
        "Platform-managed key",
        "Platform-managed",
        "AKS; you cannot see it",
        "AKS, automatically",
        "no vault",
        "no resource of yours",
        "3–6 min",
        "none: you cannot lose the key",
        "encryption without a key to manage",
    ),
    Option(
        "Private",
        "Customer-managed key, private vault",
        "Private vault",
        "you, in your key vault",
        "you, or a policy of the vault; AKS follows in 6 hours",
        "trusted Azure services only",
        "vault, key, identity, two role assignments",
        "8–12 min",
        "never delete, disable or let expire key or vault",
        "production with a requirement to own the key",
    ),
    Option(
        "Public",
        "Customer-managed key, public vault",
        "Public vault",
        "you, in your key vault",
        "you, or a policy of the vault; AKS follows in 6 hours",
        "any network, by role",
        "vault, key, identity, three role assignments",
        "4–8 min",
        "never delete, disable or let expire key or vault",
        "test clusters, and networks that cannot use a key vault firewall",
    ),
)


def preselection(draft: Draft) -> str:
    """Return why an option is preselected, if it is, and that the choice can be changed."""
    later = "You can change between these options later, but not back to no encryption."
    if draft.option is not None:
        return later
    return (
        "2 is preselected: you own the key, and its vault denies public access. If nothing requires you to own the key, 1 is "
        f"simpler. {later}"
    )


def facts(
    option: Option, moves: Sequence[tuple[str, str]] = (), why_not: str | None = None
) -> dict[str, str]:
    """Return what there is to say of an option, by labels. `moves`: what it changes an encrypted cluster to."""
    return {
        **{label[0].upper() + label[1:]: text for label, text in moves},
        **({"Not possible": why_not} if why_not else {}),
        "Key owner": option.owner,
        "Rotation": option.rotation,
        "Vault access": option.access,
        "Creates": option.created,
        "Duration": option.time,
        "Your duty": option.duty,
        "Intended for": option.suits,
    }


_ORDER = (
    "Last operation",
    "Selecting it",
    "The same key",
    "No changes",
    "Changes to",
    "Still needed",
    "Not possible",
    "Key owner",
    "Rotation",
    "Vault access",
    "Creates",
    "Duration",
    "Your duty",
    "Intended for",
)
"""The labels, in the order of their rows."""
LABEL = max(map(len, _ORDER)) + 1
"""The width of a label."""


def compared(columns: Sequence[Mapping[str, str]]) -> list[str]:
    """Return the labels to show, in their order: those whose texts differ, and why an option is not possible."""
    found = sorted({label for column in columns for label in column}, key=_ORDER.index)
    return [
        label
        for label in found
        if label == "Not possible" or len({column.get(label) for column in columns}) > 1
    ]


def aligned(
    titles: Sequence[str], columns: Sequence[Mapping[str, str]], width: int
) -> tuple[list[str], list[list[str]], int]:
    """Return the lines of the labels, those of each column of this width, and how many of them are the title.

    Rows with the same label are side by side, each as high as its highest cell.
    """
    table = [("", list(titles))]
    table += [(label, [column.get(label, "–") for column in columns]) for label in compared(columns)]
    margin: list[str] = []
    lines: list[list[str]] = [[] for _ in columns]
    title = 0
    for label, texts in table:
        cells = [textwrap.wrap(text, width) for text in texts]
        height = max(map(len, cells)) + (0 if label else 1)
        title = title or height
        margin += [label, *[""] * (height - 1)]
        for its, cell in zip(lines, cells, strict=True):
            its += [*cell, *[""] * (height - len(cell))]
    return margin, lines, title


def is_now(draft: Draft, option: Option) -> bool:
    """Whether the cluster uses this option now."""
    cluster = draft.cluster
    if cluster is None:
        return False
    if cluster.kind == "platform-managed":
        return option.choice == "platform-managed"
    return cluster.kind == "customer-managed" and option.choice == cluster.encryption.network_access


def why_not(draft: Draft, option: Option) -> str | None:
    """Return why an option cannot be selected, as far as is known without reading from Azure."""
    if draft.cluster and draft.cluster.why_not:
        return f"{draft.cluster.name}: {explained(draft.cluster)}"
    if draft.cluster is None and draft.location in WITHOUT_IDENTITIES and option.choice != "platform-managed":
        return (
            f"In {draft.location} no cluster can be created with a user-assigned identity, which a customer-managed key "
            "needs."
        )
    return None


def is_about_cluster(finding: "Finding") -> bool:
    """Whether a finding is about the cluster itself, so that it holds for every option."""
    about = ("cluster-", "legacy-", "version-", "no-version-", "quota-", "secret-")
    return finding.code.startswith(about) or finding.code == "identity-gone"


def moves(cluster: ClusterRow, option: Option, to_platform: str) -> tuple[tuple[str, str], ...]:
    """Return what an option changes an encrypted cluster to, and what is still needed, as labels and texts."""
    own, platform = cluster.encryption, option.choice == "platform-managed"
    if platform and cluster.kind == "platform-managed":
        return _repairs(cluster) or (("no changes", "the cluster uses this option already"),)
    to = to_platform if platform else f"a customer-managed key, {option.choice.lower()} vault"
    if not own.kms_enabled:
        return (("changes to", to), *(() if platform else (("still needed", "nothing else"),)))
    if platform:
        stays = f"{own.key_name}, its vault and the identity, until verified inside the cluster"
        return (("changes to", to), ("still needed", stays))
    if cluster.kind == "legacy-kms":
        return (
            ("changes to", f"{to}, without its version"),
            ("still needed", f"{own.key_name}, every version"),
        )
    return (
        *(_repairs(cluster, "the same key") if option.choice == own.network_access else ()),
        ("changes to", f"{to}: the same key or another one"),
        ("still needed", f"{own.key_name}, even if you select another key"),
    )


def _repairs(cluster: ClusterRow, choosing: str = "selecting it") -> tuple[tuple[str, str], ...]:
    """Return what selecting the current option does if the last operation on the cluster failed; nothing otherwise."""
    if not cluster.failed_operation:
        return ()
    return (
        ("last operation", cluster.failed_operation),
        (choosing, "re-applies the cluster update, which often repairs it"),
    )
