"""The operator's own role on the vault, which creating a key through the data plane requires."""

import shlex

from wizard.cloud.roles import ADMINISTRATOR, CRYPTO_OFFICER
from wizard.procedure import access_policy
from wizard.procedure.assignment import assign, command, confirm_assigned
from wizard.procedure.plan import Effect
from wizard.procedure.step import Intent, Step, Work
from wizard.rules import RequiredAction
from wizard.state.comparison import lacks_rotation
from wizard.state.snapshot import Snapshot
from wizard.state.target import Target

_BY_POLICY = ("get", "list", "create", "getrotationpolicy", "setrotationpolicy")


class OperatorRole(Step):
    """How-to: "Create a key vault and key", step 2; in a vault with access policies, one of those for the operator."""

    key = "operator-role"
    title = "Assign yourself Key Vault Crypto Officer"
    sentence = "Assigns the signed-in identity the role (or access policy) to create a key through the vault's data plane."
    needs = ("vault",)
    usually = (2, 10)

    def applies(self, target: Target, snapshot: Snapshot | None) -> bool:
        del snapshot
        own = target.answers.customer_managed
        return own is not None and own.create_through == "key-vault"

    def inspect(self, target: Target, snapshot: Snapshot) -> Intent:
        me, vault = snapshot.signed_in, target.vault_id
        detail = f"{me.name} on {target.own.vault.name}"
        if snapshot.vault_uses_access_policies:
            what, name = "access policy", ", ".join(_BY_POLICY)
            held = snapshot.vault_state.policy_allows(me.object_id, *_BY_POLICY)
        else:
            what, name = "role assignment", CRYPTO_OFFICER.name
            roles = (CRYPTO_OFFICER, ADMINISTRATOR)
            held = any(g.gives(r, me.object_id, vault) for g in snapshot.operator_grants for r in roles)
        if held:
            return Intent("none", (Effect("keep", what, name, f"{detail}, already assigned"),))
        if snapshot.key is not None and not lacks_rotation(target, snapshot):
            return Intent("none", (Effect("keep", what, name, "not needed, the key exists"),))
        return Intent("create", (Effect("create", what, name, f"→ {detail}"),))

    async def apply(self, work: Work) -> None:
        me = work.snapshot.signed_in
        if work.snapshot.vault_uses_access_policies:
            await access_policy.allow(work, me.object_id, _BY_POLICY)
        else:
            await assign(work, CRYPTO_OFFICER, me.object_id, me.principal_type)

    async def confirm(self, work: Work) -> str:
        if self.inspect(work.target, work.snapshot).action == "none":
            return "assigned, or not needed"
        me = work.snapshot.signed_in
        if work.snapshot.vault_uses_access_policies:
            return await access_policy.confirm_allowed(work, me.object_id, _BY_POLICY)
        return await confirm_assigned(work, me.object_id, CRYPTO_OFFICER)

    def commands(self, target: Target, snapshot: Snapshot | None) -> tuple[str, ...]:
        me = '"$(az ad signed-in-user show --query id -o tsv)"'
        application = snapshot is not None and snapshot.signed_in.principal_type == "ServicePrincipal"
        if snapshot is not None and application:  # `az ad signed-in-user` knows users only
            me = shlex.quote(snapshot.signed_in.object_id)
        if snapshot is not None and self.inspect(target, snapshot).action == "none":
            return ()
        if snapshot is not None and snapshot.vault_uses_access_policies:
            return (access_policy.command(target, me, _BY_POLICY),)
        return (command(CRYPTO_OFFICER, me, "ServicePrincipal" if application else "User"),)

    def required_actions(self, target: Target, snapshot: Snapshot) -> tuple[RequiredAction, ...]:
        by_policy = snapshot.vault_uses_access_policies
        action = access_policy.ACTION if by_policy else "Microsoft.Authorization/roleAssignments/write"
        return (RequiredAction(action, target.vault_id),)
