"""Rotate a cluster's customer-managed key: create a new version, which AKS picks up automatically.

How-to, "Key rotation": AKS looks for a new version every 6 hours and re-encrypts every secret; platform-managed keys
are rotated by the platform. A new version is created through the vault's data plane: Azure Resource Manager creates
only a key's first one (docs/azure.md#keys-through-resource-manager), so a computer that the vault's firewall blocks cannot rotate the key.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from wizard.cloud import reads
from wizard.cloud.arm import ResourceId
from wizard.cloud.azure import Azure
from wizard.cloud.encryption import EncryptionKind
from wizard.cloud.error_translation import translate_errors
from wizard.cloud.inventory import cluster_body
from wizard.cloud.reads import Unknown
from wizard.cloud.writes import Repeat, declared
from wizard.errors import AzureError, Problem
from wizard.procedure.cluster_lock import ClusterLock, HeldError
from wizard.procedure.steps.key import set_rotation
from wizard.rules import Finding
from wizard.rules.unread import of_reads
from wizard.state.key import KeyState
from wizard.system.sanitize import sanitize
from wizard.verification.evidence import Evidence
from wizard.verification.gather import gather
from wizard.verification.verdict import TRANSIENT

_REFUSED = frozenset({"ForbiddenByRbac", "AccessDenied"})


@dataclass(frozen=True)
class Rotation:
    """The current key of a cluster, and the findings about its rotation."""

    cluster: str
    """The cluster's name."""
    encryption: EncryptionKind
    vault: str = ""
    key: str = ""
    versions: int = 0
    newest: datetime | None = None
    """When the newest version was created."""
    every: str = ""
    """How often the vault creates a new version automatically (ISO 8601, or before expiry); empty if it does not."""
    findings: tuple[Finding, ...] = ()
    cluster_id: str = ""

    @property
    def needed(self) -> bool:
        """Whether the key can be rotated here; platform-managed keys are rotated by the platform."""
        return self.encryption not in {"platform-managed", "none"}

    @property
    def errors(self) -> tuple[Finding, ...]:
        """Findings that prevent the rotation."""
        return tuple(finding for finding in self.findings if finding.level == "error")

    def to_json(self) -> dict[str, Any]:
        """Return the format of `rotate -o json`."""
        return {
            "cluster": self.cluster,
            "encryption": self.encryption,
            "vault": self.vault,
            "key": self.key,
            "versions": self.versions,
            "newest": self.newest.isoformat() if self.newest else None,
            "rotation_policy": self.every,
            "findings": [finding.to_json() for finding in self.findings],
        }


async def read_rotation(azure: Azure, cluster_id: str, *, again: bool = False) -> Rotation:
    """Read the cluster and its key. `again`: allow a rotation although AKS might not have picked up the last one.

    Raise AzureError if the cluster cannot be read, or if its key could not be read now; and ValueError if `cluster_id` is no resource id.
    """
    there = ResourceId.parse(cluster_id)
    body = await cluster_body(azure, there)
    e = await gather(azure, there, body, None)
    unread = e.unreadable.get("key")
    if e.key is None and unread is not None and unread.kind in TRANSIENT:
        raise AzureError(unread)
    return replace(assess(e, there.name, again=again), cluster_id=cluster_id)


def assess(e: Evidence, name: str, *, again: bool = False) -> Rotation:
    """Return the key and the findings about its rotation, from what was read. Pure."""
    kind = e.encryption.kind
    vault, _, key = e.encryption.key_name.partition("/")
    versions = e.key_versions or ()
    made = KeyState(versions[0]).created if versions else None
    found: list[Finding] = []
    match kind:
        case "platform-managed":
            found.append(
                Finding(
                    "info",
                    "nothing-to-rotate",
                    f"{name} uses a platform-managed key, which AKS rotates automatically.",
                    "",
                )
            )
        case "none":
            found.append(
                Finding(
                    "error",
                    "not-encrypted",
                    f"The secrets of {name} are not encrypted with a KMS key.",
                    "Encrypt the cluster first: aks-kms",
                )
            )
        case "legacy-kms":
            found.append(
                Finding(
                    "error",
                    "rotation-legacy",
                    f"{name} uses legacy KMS, whose key identifier names one version. AKS would not pick up a new one.",
                    "First migrate it to KMS data encryption (aks-kms), which follows rotations.",
                )
            )
        case _:
            found += _of_the_key(e, vault, key)
            if e.key is not None and (unread := e.unreadable.get("key-versions")):
                found += of_reads([Unknown(reads.KEY_VERSIONS, unread)])
            if made is not None and len(versions) > 1 and not again:
                found += _pending(name, made, e.pickup, e.now)
    return Rotation(
        sanitize(name), kind, vault, key, len(versions), made, KeyState(e.key).rotates_every, tuple(found)
    )


def _of_the_key(e: Evidence, vault: str, key: str) -> list[Finding]:
    problem = e.unreadable.get("key")
    if e.key is None:
        said = problem.azure_said or problem.summary if problem else "it was not found"
        message = f"The key {vault}/{key} could not be read: {said}"
        return [
            Finding(
                "error",
                "key-unreadable",
                message,
                f"Verify the cluster to find the cause: aks-kms verify {e.cluster_args}",
            )
        ]
    if KeyState(e.key).disabled:
        message = f"The newest version of {vault}/{key} is disabled."
        remedy = f"az keyvault key set-attributes --vault-name {vault} -n {key} --subscription {e.vault_subscription} --enabled true"
        return [Finding("warning", "key-disabled", message, remedy)]
    return []


def _pending(name: str, made: datetime, pickup: timedelta, now: datetime) -> list[Finding]:
    """Return a finding if AKS might not have picked up the last rotation.

    A second rotation before that has left clusters stuck (Azure/kubernetes-kms#291, legacy).
    """
    until = made + pickup
    if now >= until:
        return []
    return [
        Finding(
            "error",
            "rotation-pending",
            f"The newest version was created at {made:%H:%M} UTC; AKS may take until {until:%H:%M} UTC to pick it up in {name}.",
            "Wait until then, or rotate anyway with --again.",
        )
    ]


async def rotate(azure: Azure, rotation: Rotation) -> str:
    """Create a new version of the key and return its id.

    Raise AzureError if that fails, if a run on this computer works on the cluster, or if the key has changed since it
    was read: another user may have rotated it. The operation `rotate` keeps all of the key's settings. A caller that may
    create keys but not rotate them creates a new version of the same kind.
    """
    async with _locked(azure, rotation):
        await _check_unchanged(azure, rotation)
        return await _new_version(azure, rotation)


@asynccontextmanager
async def _locked(azure: Azure, rotation: Rotation) -> AsyncIterator[None]:
    """Hold the cluster's lock; like a run, continue without one if none can be kept."""
    lock = ClusterLock(azure.cloud.arm, rotation.cluster_id)
    try:
        await lock.acquire()
    except HeldError as held:
        raise AzureError(held.problem) from held
    except OSError:  # a disk without locks does not prevent the rotation
        pass
    try:
        yield
    finally:
        lock.release()


async def _check_unchanged(azure: Azure, rotation: Rotation) -> None:
    """Raise AzureError if the key has changed since it was read: the confirmation may have taken an hour."""
    now = await read_rotation(azure, rotation.cluster_id, again=True)
    if new := [finding for finding in now.errors if finding not in rotation.errors]:
        raise AzureError(_not_rotated(rotation, new[0].message, new[0].remedy))
    if (now.encryption, now.vault, now.key) != (rotation.encryption, rotation.vault, rotation.key):
        raise AzureError(_not_rotated(rotation, f"{now.cluster} now uses another key.", _REVIEW_AGAIN))
    if (now.versions, now.newest) != (rotation.versions, rotation.newest):
        made = f", at {now.newest:%H:%M} UTC" if now.newest else ""
        raise AzureError(
            _not_rotated(
                rotation, f"Another version was created since the key was read{made}.", _REVIEW_AGAIN
            )
        )


_REVIEW_AGAIN = "Review the current state, then rotate if you still want to."


def _not_rotated(rotation: Rotation, cause: str, remedy: str) -> Problem:
    return Problem(
        "azure",
        f"The key {rotation.vault}/{rotation.key} was not rotated.",
        cause,
        remedy,
        code="changed-meanwhile",
    )


async def _new_version(azure: Azure, rotation: Rotation) -> str:
    client = azure.keys(azure.vault_uri(rotation.vault))
    summary = f"The key {rotation.vault}/{rotation.key} could not be rotated."
    try:
        with translate_errors(summary), declared(Repeat.IF_THROTTLED):
            return sanitize(str((await client.rotate_key(rotation.key)).properties.version))
    except AzureError as error:
        refusal = error.problem
        if refusal.code not in _REFUSED:
            raise AzureError(_explained(refusal, rotation, azure)) from error
    try:
        with translate_errors(summary), declared(Repeat.IF_THROTTLED):
            now = await client.get_key(rotation.key)
            made = await client.create_key(
                rotation.key,
                now.key_type,
                size=_bits(now.key),
                key_operations=now.key_operations,
                tags=now.properties.tags,
            )
            return sanitize(str(made.properties.version))
    except AzureError as error:
        # any error other than the same refusal may have left a new version behind, and is reported itself
        problem = refusal if error.problem.code in _REFUSED else error.problem
        raise AzureError(_explained(problem, rotation, azure)) from error


def _bits(key: Any) -> int | None:
    """Return the size of an RSA key in bits, from its modulus."""
    modulus = getattr(key, "n", None)
    return 8 * len(modulus) if modulus else None


async def rotate_every(azure: Azure, rotation: Rotation, every: str) -> None:
    """Set a rotation policy: the vault creates a new version at this interval (ISO 8601, at least seven days). Raise AzureError."""
    try:
        async with _locked(azure, rotation):
            await set_rotation(azure.keys(azure.vault_uri(rotation.vault)), rotation.key, every)
    except AzureError as error:
        raise AzureError(_explained(error.problem, rotation, azure)) from error


def _explained(problem: Problem, rotation: Rotation, azure: Azure) -> Problem:
    """Return the problem; the remedy of some errors differs from that when a key is created."""
    vault, me = rotation.vault, azure.signed_in
    if problem.code in _REFUSED:
        subscription = ResourceId.parse(rotation.cluster_id).subscription
        by_role = (
            'Assign yourself the role, which takes some minutes to propagate: az role assignment create --role "Key Vault '
            f'Crypto Officer" --assignee-object-id {me.object_id} --assignee-principal-type {me.principal_type} '
            f'--scope "$(az keyvault show -n {vault} --subscription {subscription} --query id -o tsv)"'
        )
        by_policy = (
            f"Add an access policy: az keyvault set-policy -n {vault} --subscription {subscription} --object-id {me.object_id} "
            "--key-permissions get rotate create getrotationpolicy setrotationpolicy"
        )
        return replace(
            problem,
            cause="Rotating a key, or setting its rotation policy, requires a data-plane role or an access policy on the "
            "vault. Owner and Contributor do not include one.",
            remedy=by_policy if problem.code == "AccessDenied" else by_role,
        )
    if problem.code in {"ForbiddenByFirewall", "ForbiddenByConnection"}:
        return replace(
            problem,
            cause="A key is rotated through the vault's data plane, and its firewall blocks this computer. The cluster is "
            "not affected.",
            remedy="Run this on a computer that the firewall admits, or admit this one temporarily (`az keyvault network-rule add "
            f"-n {vault} --subscription {ResourceId.parse(rotation.cluster_id).subscription} --ip-address YOUR-ADDRESS`; remove "
            "the rule afterwards). A rotation policy (--every P1Y; in the wizard: "
            "o on the verification page), set once from there, rotates the key automatically from then on.",
        )
    return problem
