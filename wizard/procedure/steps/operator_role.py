"""The operator's own role on the vault, without which nobody may create a key through the vault itself."""

from wizard.answers import Answers
from wizard.cloud.roles import ADMINISTRATOR, CRYPTO_OFFICER
from wizard.cloud.snapshot import Snapshot
from wizard.procedure.assignment import assign, command, confirm_assigned
from wizard.procedure.plan import Effect
from wizard.procedure.step import Intent, Step, Work
from wizard.rules import Right
from wizard.target import Target


class OperatorRole(Step):
    """How-to: "Create a key vault and key", step 2."""

    key = "operator-role"
    title = "Give yourself Key Vault Crypto Officer"
    sentence = "Gives whoever is signed in the role that may create a key through the vault."
    needs = ("vault",)
    usually = (2, 10)

    def applies(self, answers: Answers) -> bool:
        own = answers.customer_managed
        return own is not None and own.create_through == "key-vault"

    def inspect(self, target: Target, snapshot: Snapshot) -> Intent:
        me = snapshot.signed_in
        vault = target.vault_id
        held = any(
            g.gives(r, me.object_id, vault)
            for g in snapshot.operator_grants
            for r in (CRYPTO_OFFICER, ADMINISTRATOR)
        )
        detail = f"{me.name} on {target.own.vault.name}"
        if held:
            return Intent(
                "none", (Effect("keep", "role assignment", CRYPTO_OFFICER.name, f"{detail}, held already"),)
            )
        if snapshot.key is not None:
            return Intent(
                "none",
                (Effect("keep", "role assignment", CRYPTO_OFFICER.name, "not needed, the key exists"),),
            )
        return Intent("create", (Effect("create", "role assignment", CRYPTO_OFFICER.name, f"→ {detail}"),))

    async def apply(self, work: Work) -> None:
        me = work.snapshot.signed_in
        await assign(work, CRYPTO_OFFICER, me.object_id, me.principal_type)

    async def confirm(self, work: Work) -> str:
        if self.inspect(work.target, work.snapshot).action == "none":
            return f"{CRYPTO_OFFICER.name} held, or not needed"
        return await confirm_assigned(work, CRYPTO_OFFICER, work.snapshot.signed_in.object_id)

    def commands(self, target: Target) -> tuple[str, ...]:
        del target
        return (command(CRYPTO_OFFICER, '"$(az ad signed-in-user show --query id -o tsv)"', "User"),)

    def rights(self, target: Target) -> tuple[Right, ...]:
        return (Right("Microsoft.Authorization/roleAssignments/write", target.answers.vault_group),)
