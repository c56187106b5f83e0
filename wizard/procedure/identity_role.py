"""A role of the cluster's identity on the vault: the code that its two steps share."""

from typing import ClassVar

from wizard.cloud.roles import Role
from wizard.procedure import access_policy
from wizard.procedure.assignment import assign, command, confirm_assigned
from wizard.procedure.plan import Effect
from wizard.procedure.step import Intent, Step, Work, unconfirmed
from wizard.rules import RequiredAction
from wizard.state.snapshot import Snapshot, principal_id, read_identity
from wizard.state.target import Target


class IdentityRole(Step):
    """Assigns one role to the user-assigned identity; or, in a vault with access policies, the equivalent policy."""

    needs = ("vault", "identity")
    for_own_key = True
    usually = (2, 30)
    role: ClassVar[Role]
    also: ClassVar[tuple[Role, ...]] = ()
    """Other roles that are sufficient if one of them is already assigned."""
    by_policy: ClassVar[tuple[str, ...]] = ()
    """Equivalent key permissions in a vault with access policies; none for a management-plane role, which has effect
    there as well."""

    def inspect(self, target: Target, snapshot: Snapshot) -> Intent:
        detail = f"{target.own.identity.name} on {target.own.vault.name}"
        principal = snapshot.identity_principal
        if self._by_policy(snapshot):
            what, name = "access policy", ", ".join(self.by_policy)
            held = snapshot.vault_state.policy_allows(principal, *self.by_policy)
        else:
            what, name = "role assignment", self.role.name
            enough = (self.role, *self.also)
            held = any(
                g.gives(role, principal, target.vault_id) for g in snapshot.identity_grants for role in enough
            )
        if principal and held:
            return Intent("none", (Effect("keep", what, name, f"{detail}, already assigned"),))
        return Intent("create", (Effect("create", what, name, f"→ {detail}"),))

    async def apply(self, work: Work) -> None:
        principal = await self._principal(work)
        if self._by_policy(work.snapshot):
            await access_policy.allow(work, principal, self.by_policy)
        else:
            await assign(work, self.role, principal, "ServicePrincipal")
        work.granted[self.key] = work.clock.elapsed()

    async def confirm(self, work: Work) -> str:
        principal = await self._principal(work)
        if self._by_policy(work.snapshot):
            return await access_policy.confirm_allowed(work, principal, self.by_policy)
        return await confirm_assigned(work, principal, self.role, *self.also)

    async def _principal(self, work: Work) -> str:
        principal = principal_id(await read_identity(work.azure, work.target))
        if not principal:
            raise unconfirmed(f"The user-assigned identity {work.target.own.identity.name} does not exist.")
        return principal

    def commands(self, target: Target, snapshot: Snapshot | None) -> tuple[str, ...]:
        if snapshot is not None and self.inspect(target, snapshot).action == "none":
            return ()
        if snapshot is not None and self._by_policy(snapshot):
            return (access_policy.command(target, "$IDENTITY_OBJECT_ID", self.by_policy),)
        return (command(self.role, "$IDENTITY_OBJECT_ID", "ServicePrincipal"),)

    def required_actions(self, target: Target, snapshot: Snapshot) -> tuple[RequiredAction, ...]:
        action = (
            access_policy.ACTION
            if self._by_policy(snapshot)
            else "Microsoft.Authorization/roleAssignments/write"
        )
        return (RequiredAction(action, target.vault_id),)

    def _by_policy(self, snapshot: Snapshot) -> bool:
        return bool(self.by_policy) and snapshot.vault_uses_access_policies
