"""The user-assigned identity with which the cluster reaches the key."""

from wizard.answers import Answers
from wizard.cloud.arm import dig
from wizard.cloud.diagnose import problem_from
from wizard.cloud.problems import AzureError
from wizard.cloud.snapshot import Snapshot, read_identity
from wizard.procedure.plan import Effect
from wizard.procedure.step import Intent, Step, Work, not_so
from wizard.rules import Right
from wizard.target import Target


class Identity(Step):
    """How-to: "Create a user-assigned managed identity", step 1."""

    key = "identity"
    title = "Create the user-assigned identity"
    sentence = "Creates the user-assigned identity with which the cluster reaches the key."
    needs = ("resource-group",)
    usually = (2, 10)

    def applies(self, answers: Answers) -> bool:
        return answers.customer_managed is not None

    def inspect(self, target: Target, snapshot: Snapshot) -> Intent:
        name = target.own.identity.name
        if snapshot.identity is not None:
            where = str(dig(snapshot.identity, "location") or "")
            return Intent("none", (Effect("keep", "user-assigned identity", name, where),))
        return Intent("create", (Effect("create", "user-assigned identity", name, target.answers.location),))

    async def apply(self, work: Work) -> None:
        from azure.core.exceptions import AzureError as SdkError
        from azure.mgmt.msi.models import Identity as Body

        name = work.target.own.identity.name
        client = work.azure.identities(work.answers.subscription).user_assigned_identities
        body = Body(location=work.answers.location, tags=work.answers.tags or None)
        try:
            await client.create_or_update(work.answers.identity_group, name, body)
        except SdkError as error:
            raise AzureError(problem_from(error, f"The identity {name} could not be created.")) from error
        work.log(f"user-assigned identity {name} created", "operator")

    async def confirm(self, work: Work) -> str:
        name = work.target.own.identity.name
        body = await read_identity(work.azure, work.target)
        if body is None or not dig(body, "properties", "principalId"):
            raise not_so(f"The user-assigned identity {name} does not exist.")
        return f"{name}, principal {dig(body, 'properties', 'principalId')}"

    def commands(self, target: Target) -> tuple[str, ...]:
        group = group_variable(target)
        show = f"az identity show --name $IDENTITY_NAME --resource-group {group}"
        return (
            f"az identity create --name $IDENTITY_NAME --resource-group {group}",
            f"export IDENTITY_OBJECT_ID=$({show} --query 'principalId' -o tsv)",
            f"export IDENTITY_RESOURCE_ID=$({show} --query 'id' -o tsv)",
        )

    def rights(self, target: Target) -> tuple[Right, ...]:
        action = "Microsoft.ManagedIdentity/userAssignedIdentities/write"
        return (Right(action, target.answers.identity_group),)


def group_variable(target: Target) -> str:
    """The script's variable for the identity's resource group."""
    same_group = target.answers.identity_group.casefold() == target.answers.resource_group.casefold()
    return "$RESOURCE_GROUP" if same_group else "$IDENTITY_RESOURCE_GROUP"
