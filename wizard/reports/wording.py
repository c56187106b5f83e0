"""Words, signs and durations shared by the screens, the command line and the reports."""

import re
import textwrap
from typing import TYPE_CHECKING, Literal

from wizard.system.sanitize import shell_word

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wizard.cloud.arm import Json
    from wizard.cloud.encryption import Encryption, EncryptionKind
    from wizard.cloud.inventory import ClusterRow
    from wizard.fleet.progress import Progress
    from wizard.rules import Finding
    from wizard.verification.report import Check

Tone = Literal["good", "bad", "warn", "busy", "plain", "dim"]

STYLES: dict[Tone, str] = {
    "good": "$success",
    "bad": "$error",
    "warn": "$warning",
    "busy": "$accent",
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
    """Return a usual duration in words, from seconds: `9–14 min`, `up to 30 s`, `a moment`."""
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
    """Return notes on a sweep, one sentence each. `gone` are resource ids that only Resource Graph still lists."""
    notes = []
    if progress.graph_problem is not None:
        notes.append("Every visible subscription was listed without Resource Graph.")
    if progress.cut_off:
        notes.append(
            "Resource Graph covered the first 10,000 subscriptions only; the others were listed without it."
        )
    if gone:
        verb = "no longer exists" if len(gone) == 1 else "no longer exist"
        notes.append(f"{count(len(gone), 'cluster')} listed by Resource Graph {verb}.")
    return notes


def encryption(found: "Encryption") -> tuple[str, Tone]:
    """Return how a cluster is encrypted, in a few words, with their tone."""
    match found.kind:
        case "none":
            return KINDS["none"], "warn"
        case "platform-managed":
            return KINDS["platform-managed"], "good"
        case "customer-managed":
            access = f", {found.network_access.lower()} vault" if found.network_access else ""
            return KINDS["customer-managed"] + access, "good"
        case "legacy-kms":
            return KINDS["legacy-kms"] + (", versioned key" if found.key_version else ""), "warn"


KINDS: "dict[EncryptionKind, str]" = {
    "none": "not encrypted",
    "platform-managed": "platform-managed key",
    "customer-managed": "customer-managed key",
    "legacy-kms": "legacy KMS",
}
"""The one name of each state of encryption, for every screen and report."""

SHORT_KINDS: "dict[EncryptionKind, str]" = {
    "none": "none",
    "platform-managed": "platform",
    "customer-managed": "customer",
    "legacy-kms": "legacy KMS",
}
"""The same in tables, where there is no room for it."""


def state_of(cluster: "Json | None") -> str:
    """Return a cluster's provisioning state, the encryption in its settings, and whether these are known to be in effect."""
    from wizard.cloud.encryption import Encryption, provisioning_state, settings_state

    if cluster is None:
        return "it does not exist"
    state, requested = provisioning_state(cluster), KINDS[Encryption.of(cluster).kind]
    if settings_state(cluster) == "effective":
        return f"{state}; encryption in its settings: {requested}"
    return (
        f"{state}. It is not certain whether its secrets are encrypted (its settings request: {requested})."
    )


SHORT_WHY = {"needs a managed identity": "needs an identity"}
"""Shorter reasons why a cluster cannot be changed, for tables."""


def explained(row: "ClusterRow") -> str:
    """Return why a cluster cannot be changed now and what to do, as the rest of a sentence."""
    where = f"-n {row.name} -g {shell_word(row.resource_group)} --subscription {row.subscription_id}"
    match row.why_not:
        case "legacy KMS v1":
            return (
                f"it runs Kubernetes {row.kubernetes_version} with legacy KMS version 1, which cannot be migrated. Turn it off "
                f"(`az aks update {where} --disable-azure-keyvault-kms`), rewrite every secret, upgrade to 1.33 or later, then "
                "start again. Keep the old key until then."
            )
        case "needs 1.33":
            return f"it runs Kubernetes {row.kubernetes_version}, and KMS data encryption needs 1.33 or later. Upgrade it first."
        case "stopped":
            return f"it is stopped. Start it first: az aks start {where}"
        case "needs a managed identity":
            return "it uses a service principal. Change it to a managed identity first."
        case "is deleting":
            return "it is being deleted."
        case why:
            return f"it {why}. Wait until the operation has ended, then refresh with r."


STEP_STATES: dict[str, tuple[str, str, Tone]] = {
    "waiting": ("○", "", "dim"),
    "running": ("◐", "", "busy"),
    "succeeded": ("✓", "done", "good"),
    "already": ("✓", "no change", "good"),
    "failed": ("✗", "failed", "bad"),
    "skipped": ("–", "skipped", "dim"),
    "interrupted": ("!", "interrupted", "warn"),
}

RUN_STATES: dict[str, tuple[str, Tone]] = {
    "succeeded": ("✓", "good"),
    "failed": ("✗", "bad"),
    "interrupted": ("!", "warn"),
    "unfinished": ("!", "warn"),
    "running": ("◐", "busy"),
    "not-begun": ("–", "dim"),
    "unreadable": ("?", "warn"),
}
"""By the status of a recorded run: its sign and tone."""

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


def details(check: "Check", *, evidence: bool = True) -> list[tuple[str, str]]:
    """Return what a report says of a check below its message: label and text. `evidence`: include what was read."""
    seen = "observed" if check.group == "inside" else "Azure returned"
    rows = [
        (seen, check.evidence if evidence else ""),
        ("proves" if check.outcome == "passed" else "a pass would prove", check.proves),
        ("what to do", check.remedy),
        ("verdict", "left out, as requested" if check.left_out else ""),
    ]
    return [(label, text) for label, text in rows if text]


VERDICTS: dict[str, tuple[str, str, Tone]] = {
    "passed": ("✓", "verified", "good"),
    "warning": ("!", "verified, with warnings", "warn"),
    "unknown": ("?", "not certain", "warn"),
    "failed": ("✗", "not verified", "bad"),
}
"""By the outcome of a cluster's report: sign, words and tone of its verdict."""

SEVERITY: dict[str, int] = {"failed": 0, "unknown": 1, "warning": 2, "passed": 3}
"""The order of outcomes in lists, the worst first."""

LEVELS: dict[str, tuple[str, str, Tone]] = {
    "error": ("✗", "error", "bad"),
    "warning": ("!", "warning", "warn"),
    "info": ("·", "note", "dim"),
}

FOLLOWS = "The cluster already has the requested settings, and an operation on it is in progress"
"""A plan that writes nothing, and whose result is not certain until the operation has ended."""

KEEP = "Never delete"
AFTERWARDS = (
    (KEEP, "keep"),
    ("Still needed", "still_needed"),
    ("You can delete later", "clean_up"),
)
"""What a plan leaves to its operator: heading, and key in `plan -o json`."""


def finding_text(finding: "Finding") -> str:
    """Return a finding as plain text: sign, level, message, remedy, code."""
    sign, word, _ = LEVELS[finding.level]
    remedy = f"\n  {finding.remedy}" if finding.remedy else ""
    return f"{sign} {word}: {finding.message}{remedy}\n  ({finding.code})"


_COMMAND = re.compile(r"(?:^|: )(az .+)$|\s*\((az [^()]+)\)", re.DOTALL)


def command_in(remedy: str) -> str:
    """Return the command of the Azure CLI in a remedy, ready to be pasted; empty if there is none."""
    found = _COMMAND.search(remedy)
    return next(filter(None, found.groups()), "").strip() if found else ""


def without_command(remedy: str) -> str:
    """Return a remedy without its command: the sentence that says what it does."""
    text = _COMMAND.sub("", remedy, count=1).strip()
    return f"{text}." if text and text[-1].isalnum() else text


def short(identifier: str) -> str:
    """Return an application's name with its GUID shortened, for a header: `app 44444444`; any other text unchanged."""
    first, _, rest = identifier.partition(" ")
    return f"app {rest[:8]}" if first == "application" and len(rest) > 12 else identifier


def hanging(text: str, indent: int, width: int) -> str:
    """Return the text wrapped to `width`, if all its lines start at column `indent`."""
    return ("\n" + " " * indent).join(_lines(text, max(16, width - indent)))


def _lines(text: str, width: int) -> list[str]:
    """Return the text as lines of at most `width`, as textwrap returns them, but in a tenth of its time if no word is longer."""
    plain = text.isprintable() and "  " not in text and text == text.strip()
    if plain and len(text) <= width:
        return [text]
    if not plain or max(map(len, text.split(" "))) > width:
        return textwrap.wrap(text, width, break_on_hyphens=False) or [""]
    lines = []
    while len(text) > width:
        at = text.rfind(" ", 0, width + 1)
        lines.append(text[:at])
        text = text[at + 1 :]
    return [*lines, text]
