"""A role of the cluster's identity on the vault: what the two steps that give one share."""

from typing import ClassVar

from wizard.answers import Answers
from wizard.cloud.arm import dig
from wizard.cloud.roles import Role
from wizard.cloud.snapshot import Snapshot, read_identity
from wizard.procedure.assignment import assign, command, confirm_assigned
from wizard.procedure.plan import Effect
from wizard.procedure.step import Intent, Step, Work, not_so
from wizard.rules import Right
from wizard.target import Target


class IdentityRole(Step):
    """Gives one role to the user-assigned identity."""

    needs = ("vault", "identity")
    usually = (2, 30)
    role: ClassVar[Role]

    def applies(self, answers: Answers) -> bool:
        return answers.customer_managed is not None

    def inspect(self, target: Target, snapshot: Snapshot) -> Intent:
        detail = f"{target.own.identity.name} on {target.own.vault.name}"
        principal = snapshot.identity_principal
        if principal and any(
            g.gives(self.role, principal, target.vault_id) for g in snapshot.identity_grants
        ):
            return Intent(
                "none", (Effect("keep", "role assignment", self.role.name, f"{detail}, held already"),)
            )
        return Intent("create", (Effect("create", "role assignment", self.role.name, f"→ {detail}"),))

    async def apply(self, work: Work) -> None:
        await assign(work, self.role, await self._principal(work), "ServicePrincipal")
        work.granted[self.role.name] = work.clock.elapsed()

    async def confirm(self, work: Work) -> str:
        return await confirm_assigned(work, self.role, await self._principal(work))

    async def _principal(self, work: Work) -> str:
        identity = await read_identity(work.azure, work.target)
        principal = str(dig(identity, "properties", "principalId") or "")
        if not principal:
            raise not_so(f"The user-assigned identity {work.target.own.identity.name} does not exist.")
        return principal

    def commands(self, target: Target) -> tuple[str, ...]:
        del target
        return (command(self.role, "$IDENTITY_OBJECT_ID", "ServicePrincipal"),)

    def rights(self, target: Target) -> tuple[Right, ...]:
        return (Right("Microsoft.Authorization/roleAssignments/write", target.answers.vault_group),)
