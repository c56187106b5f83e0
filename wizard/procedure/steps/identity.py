"""The user-assigned identity that the cluster uses to access the key."""

from wizard.cloud.arm import USER_ASSIGNED_IDENTITY, Json
from wizard.cloud.error_translation import translate_errors
from wizard.cloud.policies import Request
from wizard.cloud.writes import Repeat, declared
from wizard.procedure.plan import Effect
from wizard.procedure.step import Intent, Step, Work, region, scope_args, unconfirmed
from wizard.rules import RequiredAction
from wizard.state.snapshot import Snapshot, principal_id, read_identity
from wizard.state.target import Target


class Identity(Step):
    """How-to: "Create a user-assigned managed identity", step 1."""

    key = "identity"
    title = "Create the user-assigned identity"
    sentence = "Creates the user-assigned identity that the cluster uses to access the key."
    needs = ("resource-group",)
    changes = ("principal",)
    for_own_key = True
    usually = (2, 10)

    def inspect(self, target: Target, snapshot: Snapshot) -> Intent:
        name = target.own.identity.name
        if snapshot.identity is not None:
            where = str(snapshot.identity.get("location") or "")
            return Intent("none", (Effect("keep", "user-assigned identity", name, where),))
        return Intent("create", (Effect("create", "user-assigned identity", name, target.answers.location),))

    async def apply(self, work: Work) -> None:
        from azure.mgmt.msi.models import Identity as Body

        name = work.target.own.identity.name
        client = work.azure.identities(work.answers.identity_group.subscription).user_assigned_identities
        body = Body(location=work.answers.location, tags=work.answers.tags or None)
        with translate_errors(f"The identity {name} could not be created."), declared(Repeat.SAFE):
            await client.create_or_update(work.answers.identity_group.name, name, body)
        work.log(f"user-assigned identity {name} created", "operator")

    async def confirm(self, work: Work) -> str:
        name = work.target.own.identity.name
        principal = principal_id(await read_identity(work.azure, work.target))
        if not principal:
            raise unconfirmed(f"The user-assigned identity {name} does not exist.")
        return f"{name}, principal {principal}"

    def commands(self, target: Target, snapshot: Snapshot | None) -> tuple[str, ...]:
        group = scope_args(target, target.answers.identity_group, "IDENTITY")
        show = f"az identity show --name $IDENTITY_NAME {group}"
        there = snapshot is not None and snapshot.identity is not None
        where = region(target.answers.identity_group, snapshot)
        tags = ("--tags $TAGS_JSON",) if target.answers.tags else ()
        create = (
            () if there else (" ".join((f"az identity create --name $IDENTITY_NAME {group}", *where, *tags)),)
        )
        return (
            *create,
            f"export IDENTITY_OBJECT_ID=$({show} --query 'principalId' -o tsv)",
            f"export IDENTITY_RESOURCE_ID=$({show} --query 'id' -o tsv)",
        )

    def required_actions(self, target: Target, snapshot: Snapshot) -> tuple[RequiredAction, ...]:
        del snapshot
        return (RequiredAction("Microsoft.ManagedIdentity/userAssignedIdentities/write", target.identity_id),)

    def requests(self, target: Target, snapshot: Snapshot) -> tuple[Request, ...]:
        del snapshot
        body: Json = {"location": target.answers.location, "tags": target.answers.tags}
        name = target.own.identity.name
        return (Request(target.answers.identity_group, USER_ASSIGNED_IDENTITY, name, body, "2024-11-30"),)
