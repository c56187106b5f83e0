"""The words, signs and durations that every screen uses alike."""

import textwrap
from typing import TYPE_CHECKING, Literal

from wizard.cloud.arm import dig
from wizard.cloud.encryption import Encryption, EncryptionKind
from wizard.system.sanitize import sanitize, shell_word

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wizard.cloud.arm import Json
    from wizard.cloud.inventory import ClusterRow
    from wizard.fleet.progress import Progress
    from wizard.rules import Finding
    from wizard.verification.report import Check

Tone = Literal["good", "bad", "warn", "busy", "plain", "dim"]

STYLES: dict[Tone, str] = {
    "good": "$text-success",
    "bad": "$text-error",
    "warn": "$text-warning",
    "busy": "$text-accent",
    "plain": "",
    "dim": "$quiet",
}

SPINNER = "◐◓◑◒"


def duration(seconds: float) -> str:
    """`0:38`, `4:12`, `1:02:03`."""
    whole = int(seconds)
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"


def usually(low: float, high: float) -> str:
    """A usual span in words: `9–14 min`, `up to 30 s`, `a moment`."""
    if high < 20:
        return "a moment"
    if high < 90:
        return f"{int(low)}–{int(high)} s" if low >= 1 else f"up to {int(high)} s"
    first, last = max(1, round(low / 60)), max(1, round(high / 60))
    return f"{first}–{last} min" if first != last else f"about {last} min"


def ago(seconds: float) -> str:
    """`just now`, `12 s ago`, `3 min ago`."""
    if seconds < 2:
        return "just now"
    return f"{int(seconds)} s ago" if seconds < 120 else f"{int(seconds // 60)} min ago"


def count(number: int, thing: str) -> str:
    """`1 node`, `14 nodes`, `3,200 nodes`."""
    return f"{number} {thing}" if number == 1 else f"{number:,} {thing}s"


def sweep_notes(progress: "Progress", gone: "Sequence[str]") -> list[str]:
    """What a sweep has to say beside its clusters and its problems, a sentence each; `gone` are ids."""
    said = []
    if progress.graph_problem is not None:
        said.append("Every subscription that can be seen was listed all the same.")
    if progress.cut_off:
        said.append(
            "Resource Graph looked at the first 10,000 subscriptions only; the others were listed without it."
        )
    if gone:
        verb = "exists" if len(gone) == 1 else "exist"
        said.append(f"{count(len(gone), 'cluster')} that Resource Graph still shows {verb} no more.")
    return said


def encryption(found: Encryption) -> tuple[str, Tone]:
    """How a cluster is encrypted now, in two or three words."""
    match found.kind:
        case "none":
            return "not encrypted", "warn"
        case "platform-managed":
            return "platform-managed key", "good"
        case "customer-managed":
            return f"customer-managed key ({found.network_access.lower() or 'unknown'})", "good"
        case "legacy-kms":
            return "legacy KMS" + (", versioned key" if found.key_version else ""), "warn"


KINDS: dict[EncryptionKind, str] = {
    "none": "not encrypted",
    "platform-managed": "platform-managed key",
    "customer-managed": "customer-managed key",
    "legacy-kms": "legacy KMS",
}


def state_of(cluster: "Json | None") -> str:
    """A cluster as Azure returned it, in a few words: its provisioning state, and how its settings would have it encrypted."""
    if cluster is None:
        return "it does not exist"
    state = sanitize(
        str(dig(cluster, "properties", "provisioningState") or "in a state that Azure does not say")
    )
    return f"{state}; by its settings: {KINDS[Encryption.of(cluster).kind]}"


def why_not_changeable(row: "ClusterRow") -> str:
    """Return why a cluster cannot be changed now, as a sentence without its subject, and what to do about it."""
    match row.why_not:
        case "legacy KMS v1":
            return (
                f"it runs {row.kubernetes_version} with legacy KMS version 1, which cannot be migrated. Turn it off "
                f"(az aks update -n {row.name} -g {shell_word(row.resource_group)} --disable-azure-keyvault-kms), rewrite "
                "every secret, upgrade to 1.33 or later, then come back. Keep the old key until then."
            )
        case "needs 1.33":
            return f"it runs {row.kubernetes_version}, and KMS data encryption needs 1.33 or later. Upgrade it first."
        case "stopped":
            return "it is stopped. Start it first: `az aks start`."
        case "needs a managed identity":
            return "it uses a service principal. Move it to a managed identity first."
        case why:
            return f"it {why}. Wait until the operation has ended, then refresh."


STEP_STATES: dict[str, tuple[str, str, Tone]] = {
    "waiting": ("○", "", "dim"),
    "running": ("◐", "", "busy"),
    "succeeded": ("✓", "done", "good"),
    "already": ("✓", "already so", "good"),
    "failed": ("✗", "failed", "bad"),
    "skipped": ("–", "not begun", "dim"),
    "interrupted": ("!", "interrupted", "warn"),
}

TOOL_STATES: dict[str, tuple[str, Tone]] = {
    "found": ("✓", "good"),
    "missing": ("–", "dim"),
    "too old": ("!", "warn"),
    "unknown": ("?", "warn"),
}

OUTCOMES: dict[str, tuple[str, str, Tone]] = {
    "passed": ("✓", "passed", "good"),
    "failed": ("✗", "failed", "bad"),
    "warning": ("!", "warning", "warn"),
    "unknown": ("?", "unknown", "warn"),
    "note": ("·", "note", "dim"),
}


def proves(check: "Check") -> tuple[str, str] | None:
    """What follows from a check, label and sentence: under one that did not pass, it is what a pass would prove."""
    if not check.proves:
        return None
    return "proves" if check.outcome == "passed" else "a pass would prove", check.proves


VERDICTS: dict[str, tuple[str, str, Tone]] = {
    "passed": ("✓", "passed", "good"),
    "warning": ("!", "passed, with warnings", "warn"),
    "unknown": ("?", "not certain yet", "warn"),
    "failed": ("✗", "failed", "bad"),
}
"""By what a cluster's checks came to: the sign, words and tone of the cluster."""

LEVELS: dict[str, tuple[str, str, Tone]] = {
    "error": ("✗", "error", "bad"),
    "warning": ("!", "warning", "warn"),
    "info": ("·", "note", "dim"),
}

FOLLOWS = "All of it is asked for, and an operation on the cluster is under way"
"""What is said of a plan that writes nothing and is not true yet."""

VERBS = {"create": "will be created", "change": "will be changed", "keep": "stays as it is"}


def finding_text(finding: "Finding") -> str:
    """A finding as text to be copied: sign, word, what was found, what to do, its code."""
    sign, word, _ = LEVELS[finding.level]
    remedy = f"\n  {finding.remedy}" if finding.remedy else ""
    return f"{sign} {word}: {finding.message}{remedy}\n  ({finding.code})"


def short(identifier: str) -> str:
    """An application's name with its GUID shortened, for a header; anything else as it is."""
    first, _, rest = identifier.partition(" ")
    return f"{first} {rest[:8]}…" if first == "application" and len(rest) > 12 else identifier


def hanging(text: str, indent: int, width: int) -> str:
    """The text wrapped to `width`, where its first line begins at column `indent` and so do all others."""
    lines = textwrap.wrap(text, max(16, width - indent), break_on_hyphens=False) or [""]
    return ("\n" + " " * indent).join(lines)
