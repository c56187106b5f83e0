"""The key in the vault."""

import shlex
from typing import TYPE_CHECKING

from wizard.answers.naming import how_often
from wizard.cloud.arm import KEY_VAULT, Json, same
from wizard.cloud.error_translation import translate_errors
from wizard.cloud.policies import Request
from wizard.cloud.writes import Repeat, declared
from wizard.errors import AzureError, Problem
from wizard.procedure import tags
from wizard.procedure.plan import Effect
from wizard.procedure.step import Intent, Step, Work, shell, unconfirmed, with_timeout_hint
from wizard.procedure.steps.vault import VAULT_API
from wizard.rules import RequiredAction
from wizard.state.comparison import lacks_rotation
from wizard.state.key import KeyState
from wizard.state.snapshot import Snapshot, read_key
from wizard.state.target import Target

if TYPE_CHECKING:
    from azure.keyvault.keys.aio import KeyClient

_NOT_YET = frozenset({"ForbiddenByRbac", "AccessDenied"})
"""Errors that disappear once a role assignment or an access policy has propagated."""

_MOST_FAULTS = 4
"""How often creating the key is retried after a lost response or a transient error; each time its existence is checked first."""

_PLANE_API = "7.4"
"""The api-version of the vault's data plane, for setting tags."""

OPERATIONS = ("encrypt", "decrypt", "wrapKey", "unwrapKey")
"""AKS encrypts and decrypts; wrapping permits envelope encryption with the same key. Never sign or verify."""


class Key(Step):
    """How-to: "Create a key vault and key", step 3; or the same through Azure Resource Manager."""

    key = "key"
    title = "Create the key"
    sentence = "Creates the key that encrypts the cluster's secrets."
    needs = ("vault", "operator-role")
    changes = ("key_expires",)
    for_own_key = True
    usually = (2, 120)

    def duration(self, target: Target, snapshot: Snapshot) -> tuple[float, float]:
        """Through the vault's data plane, the operator's new role assignment has to propagate first."""
        del snapshot
        return (1, 5) if target.own.create_through == "resource-manager" else (30, 300)

    def inspect(self, target: Target, snapshot: Snapshot) -> Intent:
        key = target.own.key
        if snapshot.key is not None:
            keeps = Effect("keep", "key", key.name, _kind(snapshot.key_state))
            if lacks_rotation(target, snapshot):
                sets = Effect(
                    "change", "rotation policy", key.name, f"rotated {how_often(key.rotate_every or '')}"
                )
                return Intent("update", (keeps, sets))
            return Intent("none", (keeps,))
        through = "" if target.own.create_through == "resource-manager" else ", through the data plane"
        rotated = f"rotated {how_often(key.rotate_every)}" if key.rotate_every else "no rotation policy"
        detail = f"{key.type} {key.size}, encrypt and decrypt; no expiry, {rotated}{through}"
        return Intent("create", (Effect("create", "key", key.name, detail),))

    async def apply(self, work: Work) -> None:
        if work.target.own.create_through == "resource-manager":
            await self._through_resource_manager(work)
        else:
            await self._through_the_vault(work)
        done = "created" if work.snapshot.key is None else "is up to date"
        work.log(f"key {work.target.own.key.name} {done} in {work.target.own.vault.name}", "operator")

    async def _through_resource_manager(self, work: Work) -> None:
        from azure.mgmt.keyvault.models import KeyCreateParameters

        own = work.target.own
        group = work.answers.vault_group
        client = work.azure.vaults(group.subscription).keys
        body = KeyCreateParameters(key_body(work.target))
        with translate_errors(f"The key {own.key.name} could not be created."), declared(Repeat.SAFE):
            await client.create_if_not_exist(group.name, own.vault.name, own.key.name, body)

    async def _through_the_vault(self, work: Work) -> None:
        refusal: AzureError | None = None
        faults = 0
        async for spent in work.tries(
            "role_assignment", work.timeouts.role_retry, "the vault to permit creating the key"
        ):
            there = await read_key(work.azure, work.target)
            try:
                if there is None:  # a second create would add a version
                    await self._create(work)
                if _is_to_rotate(work, there):
                    key = work.target.own.key
                    client = work.azure.keys(work.target.vault_uri)
                    await set_rotation(client, key.name, str(key.rotate_every))
            except AzureError as error:
                problem, refusal = error.problem, error
                if problem.code in _NOT_YET:
                    work.progress("your role assignment on the vault has not propagated yet", spent, 300)
                elif _may_be_done(problem) and faults < _MOST_FAULTS:
                    faults += 1
                    work.log(f"{problem.code}: checking whether the key was created anyway", "operator")
                else:
                    raise
            else:
                return
        if refusal is not None:
            raise AzureError(
                with_timeout_hint(refusal.problem, work.timeouts, "role_assignment")
            ) from refusal

    async def _create(self, work: Work) -> None:
        own = work.target.own
        with translate_errors(f"The key {own.key.name} could not be created."), declared(Repeat.IF_THROTTLED):
            await work.azure.keys(work.target.vault_uri).create_rsa_key(
                own.key.name,
                size=own.key.size,
                hardware_protected=own.key.type == "RSA-HSM",
                key_operations=list(OPERATIONS),
                tags=work.answers.tags or None,
            )

    async def confirm(self, work: Work) -> str:
        own = work.target.own
        body = await read_key(work.azure, work.target)
        if body is None:
            raise unconfirmed(f"The key {own.key.name} does not exist in {own.vault.name}.")
        state = KeyState(body)
        kind = (state.kind, state.size)
        if work.snapshot.key is None and kind != (own.key.type, own.key.size) and all(kind):
            raise unconfirmed(
                f"The key {own.key.name} was created as {_kind(state)}, not as {own.key.type} {own.key.size}."
            )
        if work.snapshot.key is None and state.operations and not state.encrypts_and_decrypts:
            raise unconfirmed(
                f"The key {own.key.name} was created without the operations encrypt and decrypt."
            )
        if _is_to_rotate(work, body):
            raise unconfirmed(f"The key {own.key.name} has no rotation policy, although one is configured.")
        return f"{own.key.name}, {_kind(state)}"

    def commands(self, target: Target, snapshot: Snapshot | None) -> tuple[str, ...]:
        key = target.own.key
        where = "--name $KEY_NAME --vault-name $KEY_VAULT_NAME"
        policy = ("az keyvault key rotation-policy update " + where + ' --value "$ROTATION_POLICY"',)
        there = snapshot is not None and snapshot.key is not None
        if there or target.own.create_through == "resource-manager":
            url = f'--url "$KEY_VAULT_RESOURCE_ID/keys/$KEY_NAME?api-version={VAULT_API}"'
            export = (
                f"export KEY_ID_NO_VERSION=$(az rest --method get {url} --query 'properties.keyUri' -o tsv)"
            )
            if snapshot is not None and snapshot.key is not None:
                return (*(policy if lacks_rotation(target, snapshot) else ()), export)
            return (shell("az rest --method put", url, '--body "$KEY_BODY"'), export)
        kind = (
            f"--kty {shlex.quote(key.type)} --size {shlex.quote(str(key.size))} --ops {' '.join(OPERATIONS)}"
        )
        protection = ("--protection hsm",) if key.type == "RSA-HSM" else ()
        create = ("az keyvault key create", where, kind, *protection, *tags.option(target))
        plane = f"https://{target.vault_suffix.removeprefix('.')}"
        return (
            " ".join(create),
            *(policy if key.rotate_every else ()),
            f"export KEY_ID=$(az keyvault key show {where} --query 'key.kid' -o tsv)",
            "export KEY_ID_NO_VERSION=${KEY_ID%/*}",
            *tags.afterwards(target, f"$KEY_ID?api-version={_PLANE_API}", resource=plane),
        )

    def required_actions(self, target: Target, snapshot: Snapshot) -> tuple[RequiredAction, ...]:
        del snapshot
        if target.own.create_through == "resource-manager":
            return (RequiredAction("Microsoft.KeyVault/vaults/keys/write", target.vault_id),)
        return ()

    def signs_in_to_vault(self, target: Target) -> bool:
        return target.own.create_through == "key-vault"

    def requests(self, target: Target, snapshot: Snapshot) -> tuple[Request, ...]:
        del snapshot
        name = target.own.key.name
        group, vault = target.answers.vault_group, target.vault_id
        return (Request(group, f"{KEY_VAULT}/keys", name, key_body(target), VAULT_API, parent=vault),)


def _kind(key: KeyState) -> str:
    return f"{key.kind} {key.size or ''}".strip()


def rotation_policy(every: str) -> Json:
    """Return a rotation policy in Azure's format: a new version this long (ISO 8601) after the last one was created."""
    return {"lifetimeActions": [{"trigger": {"timeAfterCreate": every}, "action": {"type": "rotate"}}]}


def _may_be_done(problem: Problem) -> bool:
    """Whether the request may have succeeded all the same: its response was lost, or cannot be read."""
    return problem.kind in {"unreachable", "transient"}


def _is_to_rotate(work: Work, key: Json | None) -> bool:
    """Whether this run has to set the key's rotation policy: it created the key, or its plan includes the policy."""
    promised = work.snapshot.key is None or lacks_rotation(work.target, work.snapshot)
    return bool(work.target.own.key.rotate_every) and promised and not KeyState(key).rotates_every


async def set_rotation(client: "KeyClient", key: str, every: str) -> None:
    """Set the interval of a key's automatic rotation, through the data plane: the only one that can. Raise AzureError.

    The expiry of new versions and the notification before it stay as in the key's policy. Azure rejects an interval that
    is longer than the life of a version. Without an expiry there is no notification: the vault then shows its default,
    which it accepts only together with an expiry (docs/azure.md#rotation-expiry-and-hsms).
    """
    from azure.keyvault.keys import KeyRotationLifetimeAction, KeyRotationPolicyAction

    rotates = KeyRotationLifetimeAction(KeyRotationPolicyAction.rotate, time_after_create=every)
    with translate_errors(f"The rotation policy of {key} could not be set."), declared(Repeat.SAFE):
        policy = await client.get_key_rotation_policy(key)
        others = [one for one in policy.lifetime_actions if not same(one.action, rotates.action)]
        actions = [rotates, *(others if policy.expires_in else ())]
        await client.update_key_rotation_policy(key, policy, lifetime_actions=actions)


def key_body(target: Target) -> Json:
    """Return the request body that creates the key through Azure Resource Manager."""
    key = target.own.key
    body: Json = {"properties": {"kty": key.type, "keySize": key.size, "keyOps": list(OPERATIONS)}}
    if key.rotate_every:
        body["properties"]["rotationPolicy"] = rotation_policy(key.rotate_every)
    if target.answers.tags:
        body["tags"] = dict(target.answers.tags)
    return body
