"""The checks from inside a cluster: pure functions, each check with what it proves and what it does not."""

import hashlib
import re
from dataclasses import dataclass, replace

from wizard.cloud.arm import moment
from wizard.cloud.encryption import Encryption
from wizard.errors import KubectlError
from wizard.in_cluster.metrics import Reading, Readings
from wizard.verification.make_check import make_check
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
    """Return a check of the group `inside`."""
    return replace(make_check(f"inside-{code}", "inside", holds, good, bad, evidence, remedy), proves=proves)


def health(text: str) -> Check:
    """Return the check of the KMS providers in `/readyz?verbose`. Each may have its own line; one unhealthy provider fails."""
    lines = [line.strip() for line in text.splitlines() if "kms-provider" in line]
    ill = [line for line in lines if line.startswith("[-]")]
    well = bool(lines) and all(line.startswith("[+]") for line in lines)
    outcome: Outcome = "failed" if ill else "passed" if well else "unknown"
    return made(
        "kms-providers",
        outcome,
        "The API server reports its KMS providers as healthy, which it also does if none is configured.",
        "The API server reports its KMS provider as unhealthy: it cannot use the key now."
        if outcome == "failed"
        else "The API server does not report on KMS providers.",
        "; ".join(ill or lines) or "/readyz?verbose has no line with kms-providers",
        "See the checks on key, vault and identity: one of them shows the cause."
        if outcome == "failed"
        else "Check /healthz?verbose in the same way.",
        _PROVIDERS,
    )


def unseen_health(error: KubectlError) -> Check:
    """Return the check of the KMS providers if the health of the API server could not be read."""
    return made(
        "kms-providers",
        "unknown",
        "",
        "The API server's health could not be read.",
        error.said,
        _what_to_do(error, "get the path /readyz", resource=False),
        _PROVIDERS,
    )


_PROVIDERS = "That a configured provider responds. This alone proves nothing: AKS lists it even if no provider is configured."
_WRITES = "That secrets can be written now. Not that they are encrypted."
_READS = "That what is written now can be read now. Not that all older secrets can be."


_OF_STORAGE = re.compile(r"storage|transform|kms|encrypt|decrypt|\bE?DEK\b", re.IGNORECASE)
"""What the API server's message contains if writing to or reading from storage failed. DEK: data encryption key; EDEK: an
encrypted one."""


def of_encryption(error: KubectlError | None) -> bool:
    """Return whether a request failed in storage, where encryption takes place. InternalError stands for many failures, which
    only the message tells apart. An admission webhook is called before storage.
    """
    return (
        error is not None
        and error.reason == "InternalError"
        and not _of_webhook(error)
        and _OF_STORAGE.search(error.said) is not None
    )


def _of_webhook(error: KubectlError | None) -> bool:
    """Return whether an admission webhook could not be called. One that rejects a request gives Forbidden or another reason."""
    return error is not None and error.reason == "InternalError" and "webhook" in error.said.casefold()


def written(error: KubectlError | None, name: str) -> Check:
    """Return the check whether the canary could be written."""
    refused = error is not None and not of_encryption(error)
    return made(
        "canary-written",
        True if error is None else "unknown" if refused else False,
        "A secret can be written.",
        "An admission webhook of the cluster could not be called, so no canary secret was created and no encryption was "
        "observed."
        if _of_webhook(error)
        else "An admission policy of the cluster denied the canary secret, so no encryption was observed."
        if error is not None and error.reason == "Denied"
        else "A canary secret could not be created, so no encryption was observed."
        if refused
        else "The API server cannot write secrets: it cannot encrypt with the key.",
        f"secret default/{name}" if error is None else error.said,
        _what_to_do(error, "create secrets in the namespace default")
        if refused
        else "See the checks on key, vault and identity: one of them shows the cause.",
        _WRITES,
    )


def read_back(outcome: bool | KubectlError) -> Check:
    """Return the check whether the canary was read back unchanged."""
    error = outcome if isinstance(outcome, KubectlError) else None
    unseen = error is not None and not of_encryption(error)
    gone = error is not None and error.reason == "NotFound"
    return made(
        "canary-read",
        "unknown" if unseen else outcome is True,
        "The canary secret was read back unchanged.",
        "The canary secret was deleted in the meantime, perhaps by another verification."
        if gone
        else "The canary secret could not be read back."
        if unseen
        else "The canary secret was not read back unchanged.",
        error.said if error else "",
        "Verify again."
        if gone
        else _what_to_do(error, "get secrets in the namespace default")
        if unseen
        else "See the checks on key, vault and identity: one of them shows the cause.",
        _READS,
    )


def removed(
    error: KubectlError | None, name: str, swept: int | KubectlError, *, was_made: bool | None = True
) -> Check:
    """Return the check whether no canary is left. `swept` is the number of canaries of earlier runs that were removed, or why
    it is unknown. `was_made` is None if the canary was not found but may still appear.
    """
    unswept = f"canaries of earlier runs: {swept.said}" if isinstance(swept, KubectlError) else ""
    earlier = (
        f" {swept} left by an interrupted run {'was' if swept == 1 else 'were'} removed too."
        if swept and not isinstance(swept, KubectlError)
        else ""
    )
    return made(
        "canary-removed",
        True if error is None and was_made is not None else "warning",
        f"{'The canary secret was deleted.' if was_made else 'No canary secret was created, and none is left.'}{earlier}",
        "The canary secret could not be deleted. The next check from inside deletes it."
        if error
        else "The canary secret was not found, but whether it was created is unknown, so it may still appear. The next check "
        "from inside deletes it.",
        error.said if error else unswept,
        f"kubectl --namespace default delete secret {name}",
    )


@dataclass(frozen=True)
class _Compared:
    """Two surveys, compared."""

    pairs: tuple[tuple[Reading, Reading], ...]
    """Two readings each of one and the same API server, whose counters went on from the one to the other."""
    doubt: str
    """Why other readings could not be compared: then nothing passes by the counters. "" where all could."""


def _compared(before: Readings, after: Readings) -> _Compared:
    """What can be compared, and why the rest cannot. A server that did not answer again is no doubt, and no pair."""
    pairs: list[tuple[Reading, Reading]] = []
    doubts = []
    if not all([*before, *after]):
        doubts.append("The metrics do not identify their API server.")
    if not all(reading.sound for reading in (*before.values(), *after.values())):
        doubts.append("The metrics of the API servers contain values that no counter can have.")
    for server in filter(None, before):
        early, late = before[server], after.get(server)
        if late is None or not (early.sound and late.sound):
            continue
        if any(late.counters.get(series, 0.0) < value for series, value in early.counters.items()):
            doubts.append("An API server restarted in the meantime, so its counters were reset.")
            continue
        pairs.append((early, late))
    return _Compared(tuple(pairs), next(iter(doubts), ""))


def _doubtful(code: str, doubt: str, evidence: str, proves: str) -> Check:
    """Return a check that cannot be made from these counters."""
    return made(
        code,
        "unknown",
        "",
        f"{doubt} The metrics are inconclusive.",
        evidence,
        "Verify again. If this persists, check what responds to `kubectl get --raw /metrics`.",
        proves,
    )


def encrypted(before: Readings, after: Readings, prefix: str) -> Check:
    """Return the check whether the canary was encrypted: every secret written in the meantime has to be encrypted by KMS."""
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
        "The canary secret was encrypted by KMS when it was stored.",
        "Some of the API servers did not respond again, and the others did not write the canary secret."
        if outcome == "unknown" and unseen
        else "None of the API servers that responded has written the canary secret. Another one, which did not respond, has."
        if outcome == "unknown"
        else "A secret was stored without encryption."
        if otherwise or not ill
        else "Secrets could not be encrypted when they were stored.",
        seen,
        "Verify again."
        if outcome == "unknown"
        else "Run the wizard on this cluster, or wait until AKS has finished its last update, then verify again.",
        _ENCRYPTED,
    )


_ENCRYPTED = (
    "That secrets written now are encrypted by a KMS key, on every API server that responded. Not with which key, and not "
    "that older secrets are encrypted."
)


def plain_reads(before: Readings, after: Readings) -> Check:
    """Return the check for secrets that are still stored in plain text, which shows the progress of a migration."""
    compared = _compared(before, after)
    total = sum(reading.plain_reads for reading in after.values() if reading.sound)
    growing = sum(late.plain_reads - early.plain_reads for early, late in compared.pairs)
    since = moment(min((reading.started for reading in after.values() if reading.started), default=None))
    told = f"{since:%Y-%m-%d %H:%M} UTC" if since else "an unknown time"
    seen = f"{total:.0f} reads of plain text since {told}, {growing:.0f} of them during this check"
    if compared.doubt and not growing:
        return _doubtful("plain-reads", compared.doubt, seen, _PLAIN)
    outcome: Outcome = "passed" if total == 0 else "warning" if growing > 0 else "unknown"
    return made(
        "plain-reads",
        outcome,
        "No secret was found in plain text since the API servers started.",
        "Secrets that are stored in plain text are still being read."
        if growing > 0
        else "Secrets stored in plain text were read earlier, but none during this check: they may have been rewritten since.",
        seen,
        "AKS rewrites secrets automatically after encryption is enabled. Verify again in a few minutes. With legacy KMS, "
        "rewrite them: kubectl get secrets --all-namespaces -o json | kubectl replace -f -",
        _PLAIN,
    )


_PLAIN = (
    "An API server reads all secrets when it starts, so zero means that none was stored in plain text then. A count remains "
    "until the next restart, even if the secrets were rewritten."
)


def one_key(after: Readings, encryption: Encryption) -> Check:
    """Return the check whether all API servers use one key, which they report as a hash."""
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
            "The API servers report no key yet. They query their KMS provider once a minute.",
            "no key_id_hash in the metrics",
            "Verify again in a minute.",
            _KEY,
        )
    if len(hashes) == 1 and not all(after):
        nameless = "The metrics do not identify their API server."
        return _doubtful("one-key", nameless, seen, _KEY)
    if any(key and moment(when) is None for key, when in named.values()):
        timeless = (
            "The API servers report a key with an invalid time, so it is not certain which one they use now."
        )
        return made("one-key", "unknown", "", timeless, seen, "Verify again in a minute.", _KEY)
    expected = legacy_hash(encryption) if encryption.kind == "legacy-kms" else ""
    other = bool(expected) and hashes != {expected}
    outcome: Outcome = "warning" if len(hashes) > 1 or other else "passed"
    return made(
        "one-key",
        outcome,
        "All API servers use the key version in the cluster's settings."
        if expected
        else f"{_servers(len(named))} responded, all with the same key.",
        "The API servers use another key version than the one in the cluster's settings."
        if other and len(hashes) == 1
        else "The API servers do not all use the same key: a rotation or an update is in progress.",
        seen,
        "Wait until AKS has finished its last update or uses the new version, then verify again.",
        _KEY,
    )


_KEY = (
    "With legacy KMS, which key version is in use: its hash is computed and compared. Otherwise only that the API servers "
    "agree: how AKS hashes its key IDs is not documented."
)


def _hour(when: float) -> str:
    """Return the time of day of a time in seconds since the epoch."""
    at = moment(when)
    return f"{at:%H:%M:%S} UTC" if at else "an unknown time"


def legacy_hash(encryption: Encryption) -> str:
    """Return the hash of a legacy KMS key in the metrics: Azure/kubernetes-kms, pkg/plugin/keyvault.go getKeyIDHash."""
    key_id = hashlib.sha256(encryption.key_id.encode()).hexdigest()
    return f"sha256:{hashlib.sha256(key_id.encode()).hexdigest()}"


def kms_errors(before: Readings, after: Readings) -> Check:
    """Return the check of the calls to the KMS plugin."""
    compared = _compared(before, after)
    calls = sum(reading.kms_calls[0] for reading in after.values() if reading.sound)
    ill = sum(reading.kms_calls[1] for reading in after.values() if reading.sound)
    growing = sum(late.kms_calls[1] - early.kms_calls[1] for early, late in compared.pairs)
    seen = f"{calls:.0f} calls, {ill:.0f} failed, {growing:.0f} of them during this check"
    if compared.doubt and not growing:
        return _doubtful("kms-errors", compared.doubt, seen, _CALLS)
    outcome: Outcome = "failed" if growing > 0 else "warning" if ill else "passed"
    return made(
        "kms-errors",
        outcome,
        "No call to the KMS provider failed.",
        "Calls to the KMS provider are failing."
        if growing > 0
        else "Calls to the KMS provider have failed since the API servers started, but none during this check.",
        seen,
        "See the checks on key, vault and identity, and the vault's audit log (AuditEvent).",
        _CALLS,
    )


_CALLS = "Whether the key was reachable since each API server started. Between calls, API servers use cached data keys."


def unseen_growth(error: KubectlError) -> Check:
    """Return the check of the canary if the metrics could be read before it was written, but not after."""
    return made(
        "canary-encrypted",
        "unknown",
        "",
        "The API server's metrics could not be read a second time, so no encryption was observed.",
        error.said,
        _what_to_do(error, "get the path /metrics", resource=False),
        "Only the metrics show whether secrets are encrypted.",
    )


def unseen_metrics(error: KubectlError) -> Check:
    """Return the check of the metrics if they could not be read. The checks that need them are left out."""
    return made(
        "metrics",
        "unknown",
        "",
        "The API server's metrics could not be read, so no encryption was observed.",
        error.said,
        _what_to_do(error, "get the path /metrics", resource=False),
        "Only the metrics show whether secrets are encrypted.",
    )


def seen_metrics(readings: Readings) -> Check:
    """Return the check that the metrics were read, with the API servers."""
    names = ", ".join(reading.name for reading in readings.values())
    return made(
        "metrics",
        True,
        f"The metrics of {_servers(len(readings))} were read.",
        evidence=names,
        proves="How many API servers responded.",
    )


def _servers(number: int) -> str:
    return "1 API server" if number == 1 else f"{number} API servers"


def _what_to_do(error: KubectlError | None, right: str, *, resource: bool = True) -> str:
    match error.reason if error else "":
        case "Forbidden" if error and "exceeded quota" in error.said:
            return "Raise the resource quota of the namespace default that is named above, then verify again."
        case "Forbidden" if error and "azure" in error.said.casefold():
            return (
                f"Ask for a role that allows you to {right}, such as Azure Kubernetes Service RBAC "
                f"{'Writer' if resource else 'Cluster Admin'} on the cluster."
            )
        case "Denied":
            return "Exclude secrets named aks-kms-canary-* from the policy that is named above, then verify again."
        case "InternalError" if _of_webhook(error):
            return (
                "Fix the webhook named above, or exclude secrets named aks-kms-canary-* from it, then verify again: "
                "kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations"
            )
        case "Forbidden":
            return f"Ask an administrator of the cluster for the permission to {right} (a Role and a RoleBinding)."
        case "TimeLimit" | "Unreachable":
            return "Verify again. The API server did not respond in time."
        case _:
            return "Verify again. If the error persists, see the API server's message above."
