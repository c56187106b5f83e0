"""What was seen inside a cluster, make_check: pure functions, each check with what it proves and what it does not."""

import hashlib
import re
from dataclasses import dataclass, replace

from wizard.cloud.arm import moment
from wizard.cloud.encryption import Encryption
from wizard.errors import KubectlError
from wizard.in_cluster.metrics import Reading, Readings
from wizard.verification.judge import make_check
from wizard.verification.report import Check, Outcome


def made(
    code: str,
    holds: bool | Outcome,
    good: str,
    bad: str = "",
    evidence: str = "",
    remedy: str = "",
    proves: str = "",
) -> Check:
    """A check of the group `inside`."""
    return replace(make_check(f"inside-{code}", "inside", holds, good, bad, evidence, remedy), proves=proves)


def health(text: str) -> Check:
    """What `/readyz?verbose` says of the KMS providers: each may have a line of its own, and one that is ill is enough."""
    lines = [line.strip() for line in text.splitlines() if "kms-provider" in line]
    ill = [line for line in lines if line.startswith("[-]")]
    well = bool(lines) and all(line.startswith("[+]") for line in lines)
    outcome: Outcome = "failed" if ill else "passed" if well else "unknown"
    return made(
        "kms-providers",
        outcome,
        "The API server tells of no trouble with KMS providers, which it also does where there is none.",
        "The API server says that its KMS provider is not well: it cannot use the key now."
        if outcome == "failed"
        else "The API server says nothing of KMS providers.",
        "; ".join(ill or lines) or "/readyz?verbose has no line kms-providers",
        "Look at the checks on key, vault and identity above: one of them says why."
        if outcome == "failed"
        else "Look at /healthz?verbose in the same way.",
        _PROVIDERS,
    )


def unseen_health(error: KubectlError) -> Check:
    """The health of the API server may not be asked for."""
    return made(
        "kms-providers",
        "unknown",
        "",
        "The API server's health could not be read.",
        error.said,
        _what_to_do(error, "get the path /readyz", resource=False),
        _PROVIDERS,
    )


_PROVIDERS = (
    "That a configured provider answers. Nothing alone: AKS lists it even where no provider is configured."
)
_WRITES = "That secrets can be written now. Not that they are encrypted."
_READS = "That what is written now can be read now. Not that all older secrets can be."


_OF_STORAGE = re.compile(r"storage|transform|kms|encrypt|decrypt|\bE?DEK\b", re.IGNORECASE)
"""What the API server's message has in it where the way to or from storage failed; a data key is a DEK to it, and an
encrypted one an EDEK."""


def of_encryption(error: KubectlError | None) -> bool:
    """Whether a request failed on the way to or from storage, where encryption is. All sorts of failures are an
    InternalError: only its message tells which, and a webhook that does not answer is asked before storage.
    """
    return (
        error is not None
        and error.reason == "InternalError"
        and not _of_webhook(error)
        and _OF_STORAGE.search(error.said) is not None
    )


def _of_webhook(error: KubectlError | None) -> bool:
    """Whether an admission webhook could not be asked, which refuses what it is for. One that was asked, and said no, is
    Forbidden or of a reason of its own.
    """
    return error is not None and error.reason == "InternalError" and "webhook" in error.said.casefold()


def written(error: KubectlError | None, name: str) -> Check:
    """Whether the canary could be written."""
    refused = error is not None and not of_encryption(error)
    return made(
        "canary-written",
        True if error is None else "unknown" if refused else False,
        "A secret can be written.",
        "An admission webhook of the cluster could not be asked, so no canary secret was made and nothing was seen being "
        "encrypted."
        if _of_webhook(error)
        else "A canary secret could not be made, so nothing was seen being encrypted."
        if refused
        else "The API server cannot write secrets: it cannot encrypt with the key.",
        f"secret default/{name}" if error is None else error.said,
        _what_to_do(error, "create secrets in the namespace default")
        if refused
        else "Look at the checks on key, vault and identity above: one of them says why.",
        _WRITES,
    )


def read_back(outcome: bool | KubectlError) -> Check:
    """Whether the canary came back as it was written."""
    error = outcome if isinstance(outcome, KubectlError) else None
    unseen = error is not None and not of_encryption(error)
    gone = error is not None and error.reason == "NotFound"
    return made(
        "canary-read",
        "unknown" if unseen else outcome is True,
        "The secret comes back as it was written.",
        "Somebody has removed the canary secret meanwhile, perhaps another verification."
        if gone
        else "The canary secret could not be read back."
        if unseen
        else "The secret does not come back as it was written.",
        error.said if error else "",
        "Look again."
        if gone
        else _what_to_do(error, "get secrets in the namespace default")
        if unseen
        else "Look at the checks on key, vault and identity above: one of them says why.",
        _READS,
    )


def removed(
    error: KubectlError | None, name: str, swept: int | KubectlError, *, was_made: bool | None = True
) -> Check:
    """Whether nothing is left behind. `swept` is how many canaries of earlier runs were removed, or why that is not known;
    `was_made` is None where the canary was not there, and may yet appear.
    """
    unswept = f"canaries of earlier runs: {swept.said}" if isinstance(swept, KubectlError) else ""
    earlier = (
        f" {swept} that a broken-off run had left {'was' if swept == 1 else 'were'} removed too."
        if swept and not isinstance(swept, KubectlError)
        else ""
    )
    return made(
        "canary-removed",
        True if error is None and was_made is not None else "warning",
        f"{'The canary secret is removed.' if was_made else 'No canary secret was made, and none is left.'}{earlier}",
        "The canary secret could not be removed; the next look inside removes it."
        if error
        else "The canary secret was not there to be removed, but whether it was made is not known: it may still appear. The "
        "next look inside removes it.",
        error.said if error else unswept,
        f"kubectl --namespace default delete secret {name}",
    )


@dataclass(frozen=True)
class _Compared:
    """Two surveys, laid side by side."""

    pairs: tuple[tuple[Reading, Reading], ...]
    """Two readings each of one and the same API server, whose counters went on from the one to the other."""
    doubt: str
    """Why other readings could not be compared: then nothing passes by the counters. "" where all could."""


def _compared(before: Readings, after: Readings) -> _Compared:
    """What can be compared, and why the rest cannot. A server that did not answer again is no doubt, and no pair."""
    pairs: list[tuple[Reading, Reading]] = []
    doubts = []
    if not all([*before, *after]):
        doubts.append("The API servers' metrics do not say which of the API servers they are of.")
    if not all(reading.sound for reading in (*before.values(), *after.values())):
        doubts.append("The API servers' metrics hold numbers that nothing can have counted.")
    for server in filter(None, before):
        early, late = before[server], after.get(server)
        if late is None or not (early.sound and late.sound):
            continue
        if any(late.counters.get(series, 0.0) < value for series, value in early.counters.items()):
            doubts.append("An API server has started again meanwhile, so its counters began again.")
            continue
        pairs.append((early, late))
    return _Compared(tuple(pairs), next(iter(doubts), ""))


def _doubtful(code: str, doubt: str, evidence: str, proves: str) -> Check:
    """A check that cannot be made by these counters."""
    return made(
        code,
        "unknown",
        "",
        f"{doubt} What they count tells nothing of this.",
        evidence,
        "Look again; if it stays, see what answers kubectl get --raw /metrics.",
        proves,
    )


def encrypted(before: Readings, after: Readings, prefix: str) -> Check:
    """Whether the canary went to storage encrypted: whatever was written meanwhile, all of it by KMS."""
    compared = _compared(before, after)
    there = compared.pairs

    def grown(*, kms: bool, well: bool = True) -> float:
        return sum(
            late.transformed("to_storage", kms=kms, well=well)
            - early.transformed("to_storage", kms=kms, well=well)
            for early, late in there
        )

    by_kms, otherwise, ill = grown(kms=True), grown(kms=False), grown(kms=True, well=False)
    unseen = len(set(before) - set(after))
    seen = (
        f"{_servers(len(there))}: {by_kms:.0f} written by KMS{f' ({prefix})' if prefix else ''}, "
        f"{otherwise:.0f} otherwise, {ill:.0f} failed"
    )
    if compared.doubt and not otherwise and (by_kms or not ill):
        return _doubtful("canary-encrypted", compared.doubt, seen, _ENCRYPTED)
    elsewhere = not (by_kms or otherwise or ill) and all(late.knows_kms for _, late in there)
    outcome: Outcome = "failed"
    if by_kms > 0 and otherwise == 0:
        outcome = "passed"
    elif elsewhere or (unseen and not otherwise):
        outcome = "unknown"
    return made(
        "canary-encrypted",
        outcome,
        "The secret was encrypted by KMS on its way to storage.",
        "Some of the API servers did not answer again, and the others did not write the canary secret."
        if outcome == "unknown" and unseen
        else "None of the API servers that answered has written the canary secret; another one was asked, that was not seen."
        if outcome == "unknown"
        else "A secret was written to storage without encryption."
        if otherwise or not ill
        else "Secrets could not be encrypted on their way to storage.",
        seen,
        "Look again."
        if outcome == "unknown"
        else "Run the wizard on this cluster, or wait until AKS has finished its last update, then look again.",
        _ENCRYPTED,
    )


_ENCRYPTED = (
    "That secrets written now are encrypted by a KMS key, on every API server that was seen. Not with which key, and not "
    "that older secrets are."
)


def plain_reads(before: Readings, after: Readings) -> Check:
    """Secrets that are still stored in plain text: a gauge of how far a migration has come."""
    compared = _compared(before, after)
    total = sum(reading.plain_reads for reading in after.values() if reading.sound)
    growing = sum(late.plain_reads - early.plain_reads for early, late in compared.pairs)
    since = moment(min((reading.started for reading in after.values() if reading.started), default=None))
    told = f"{since:%Y-%m-%d %H:%M} UTC" if since else "an unknown moment"
    seen = f"{total:.0f} reads of plain text since {told}, {growing:.0f} of them during this look"
    if compared.doubt and not growing:
        return _doubtful("plain-reads", compared.doubt, seen, _PLAIN)
    outcome: Outcome = "passed" if total == 0 else "warning" if growing > 0 else "unknown"
    return made(
        "plain-reads",
        outcome,
        "No secret was found in plain text since the API servers started.",
        "Secrets are still being read that are stored in plain text."
        if growing > 0
        else "Secrets were read that are stored in plain text, none of them just now: they may have been rewritten since.",
        seen,
        "AKS rewrites secrets by itself after the encryption was turned on; look again in some minutes. With legacy KMS, "
        "rewrite them: kubectl get secrets --all-namespaces -o json | kubectl replace -f -",
        _PLAIN,
    )


_PLAIN = (
    "An API server reads all secrets when it starts, so none in plain text means that none was left then. A count stays "
    "until it starts again, whatever was rewritten since."
)


def one_key(after: Readings, encryption: Encryption) -> Check:
    """Which key the API servers use: its hash is all they tell."""
    named = {server: reading.key for server, reading in after.items()}
    hashes = {key for key, _ in named.values() if key}
    seen = "; ".join(
        f"{after[server].name}: {key[:19]}… at {_hour(when)}" for server, (key, when) in named.items() if key
    )
    if not hashes:
        return made(
            "one-key",
            "unknown",
            "",
            "The API servers name no key yet; they ask their KMS provider once a minute.",
            "no key_id_hash in the metrics",
            "Look again in a minute.",
            _KEY,
        )
    if len(hashes) == 1 and not all(after):
        nameless = "The API servers' metrics do not say which of the API servers they are of."
        return _doubtful("one-key", nameless, seen, _KEY)
    if any(key and moment(when) is None for key, when in named.values()):
        timeless = (
            "The API servers name a key at what is no moment, so which one they use now is not certain."
        )
        return made("one-key", "unknown", "", timeless, seen, "Look again in a minute.", _KEY)
    expected = legacy_hash(encryption) if encryption.kind == "legacy-kms" else ""
    other = bool(expected) and hashes != {expected}
    outcome: Outcome = "warning" if len(hashes) > 1 or other else "passed"
    return made(
        "one-key",
        outcome,
        "All API servers use the version of the key that the cluster names."
        if expected
        else f"{_servers(len(named))} seen, and one key.",
        "The API servers use another version of the key than the cluster names."
        if other and len(hashes) == 1
        else "The API servers do not all use the same key: a rotation or an update is under way.",
        seen,
        "Wait until AKS has finished its last update or has taken the new version, then look again.",
        _KEY,
    )


_KEY = (
    "With legacy KMS, which version of the key is in use: its hash is computed here and compared. Otherwise only whether "
    "the API servers agree: how AKS makes the hash of its own key ids is not documented."
)


def _hour(when: float) -> str:
    """The hour of a moment in seconds since the epoch, as text."""
    at = moment(when)
    return f"{at:%H:%M:%S} UTC" if at else "an unknown moment"


def legacy_hash(encryption: Encryption) -> str:
    """What the metrics call the key of legacy KMS: Azure/kubernetes-kms, pkg/plugin/keyvault.go getKeyIDHash."""
    key_id = hashlib.sha256(encryption.key_id.encode()).hexdigest()
    return f"sha256:{hashlib.sha256(key_id.encode()).hexdigest()}"


def kms_errors(before: Readings, after: Readings) -> Check:
    """How calls of the KMS plugin went."""
    compared = _compared(before, after)
    calls = sum(reading.kms_calls[0] for reading in after.values() if reading.sound)
    ill = sum(reading.kms_calls[1] for reading in after.values() if reading.sound)
    growing = sum(late.kms_calls[1] - early.kms_calls[1] for early, late in compared.pairs)
    seen = f"{calls:.0f} calls, {ill:.0f} went wrong, {growing:.0f} of them during this look"
    if compared.doubt and not growing:
        return _doubtful("kms-errors", compared.doubt, seen, _CALLS)
    outcome: Outcome = "failed" if growing > 0 else "warning" if ill else "passed"
    return made(
        "kms-errors",
        outcome,
        "No call of the KMS provider went wrong.",
        "Calls of the KMS provider go wrong now."
        if growing > 0
        else "Calls of the KMS provider went wrong since the API servers started, none of them just now.",
        seen,
        "Look at the checks on key, vault and identity above, and at the vault's audit log (AuditEvent).",
        _CALLS,
    )


_CALLS = "How the key was reached since each API server started. Between calls, API servers go on with what they hold."


def unseen_growth(error: KubectlError) -> Check:
    """The metrics could be read before the canary, and not after it."""
    return made(
        "canary-encrypted",
        "unknown",
        "",
        "The API server's metrics could not be read a second time, so nothing was seen being encrypted.",
        error.said,
        _what_to_do(error, "get the path /metrics", resource=False),
        "Whether secrets are encrypted shows in the metrics alone.",
    )


def unseen_metrics(error: KubectlError) -> Check:
    """The one check that stands for all that needs metrics."""
    return made(
        "metrics",
        "unknown",
        "",
        "The API server's metrics could not be read, so nothing was seen being encrypted.",
        error.said,
        _what_to_do(error, "get the path /metrics", resource=False),
        "Whether secrets are encrypted shows in the metrics alone.",
    )


def seen_metrics(readings: Readings) -> Check:
    """Whose metrics were read."""
    names = ", ".join(reading.name for reading in readings.values())
    return made(
        "metrics",
        True,
        f"The metrics of {_servers(len(readings))} were read.",
        evidence=names,
        proves="How many API servers were seen. One that never answered is not among them.",
    )


def _servers(number: int) -> str:
    return "1 API server" if number == 1 else f"{number} API servers"


def _what_to_do(error: KubectlError | None, right: str, *, resource: bool = True) -> str:
    match error.reason if error else "":
        case "Forbidden" if error and "azure" in error.said.casefold():
            return (
                f"Ask for a role that lets you {right}, such as Azure Kubernetes Service RBAC "
                f"{'Writer' if resource else 'Cluster Admin'} on the cluster."
            )
        case "Forbidden" if error and "admission" in error.said.casefold():
            return "A policy of the cluster forbids it; have it leave out secrets named aks-kms-canary-*."
        case "InternalError" if _of_webhook(error):
            return (
                "Mend the webhook that is named above, or have it leave out secrets named aks-kms-canary-*, then look again: "
                "kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations"
            )
        case "Forbidden":
            return f"Ask an administrator of the cluster for the right to {right} (a Role and a RoleBinding)."
        case "TimeLimit" | "Unreachable":
            return "Look again; the API server did not answer in time."
        case _:
            return "Look again; if it stays, what the API server said is above."
