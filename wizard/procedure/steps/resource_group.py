"""The resource groups."""

from wizard.cloud.arm import dig, same_region
from wizard.cloud.diagnose import problem_from
from wizard.cloud.problems import AzureError
from wizard.cloud.snapshot import Snapshot
from wizard.procedure.plan import Effect
from wizard.procedure.step import Intent, Step, Work, not_so
from wizard.target import Target


class ResourceGroup(Step):
    """How-to: "Set up environment variables", last command."""

    key = "resource-group"
    title = "Create the resource group"
    sentence = "Creates the resource groups that do not exist; one that exists is kept, wherever it is."

    def inspect(self, target: Target, snapshot: Snapshot) -> Intent:
        effects = []
        for name in target.groups:
            group = snapshot.groups[name.casefold()]
            if group is None:
                effects.append(Effect("create", "resource group", name, target.answers.location))
            else:
                where = str(dig(group, "location") or "")
                elsewhere = (
                    ""
                    if same_region(where, target.answers.location)
                    else ", another region than asked for: kept"
                )
                effects.append(Effect("keep", "resource group", name, f"{where}{elsewhere}"))
        missing = any(effect.verb == "create" for effect in effects)
        return Intent("create" if missing else "none", tuple(effects))

    async def apply(self, work: Work) -> None:
        from azure.core.exceptions import AzureError as SdkError
        from azure.mgmt.resource.resources.models import ResourceGroup as Body

        client = work.azure.resources(work.answers.subscription).resource_groups
        for name in work.target.groups:
            if work.snapshot.groups[name.casefold()] is None:
                body = Body(location=work.answers.location, tags=work.answers.tags or None)
                try:
                    await client.create_or_update(name, body)
                except SdkError as error:
                    raise AzureError(
                        problem_from(error, f"The resource group {name} could not be created.")
                    ) from error
                work.log(f"resource group {name} created in {work.answers.location}", "operator")

    async def confirm(self, work: Work) -> str:
        from azure.core.exceptions import AzureError as SdkError

        client = work.azure.resources(work.answers.subscription).resource_groups
        for name in work.target.groups:
            try:
                exists = await client.check_existence(name)
            except SdkError as error:
                raise AzureError(
                    problem_from(error, f"The resource group {name} could not be read.")
                ) from error
            if not exists:
                raise not_so(f"The resource group {name} does not exist.")
        return f"{', '.join(work.target.groups)}"

    def commands(self, target: Target) -> tuple[str, ...]:
        extra = [
            name for name in target.groups if name.casefold() != target.answers.resource_group.casefold()
        ]
        variables = {target.answers.vault_group.casefold(): "$KEY_VAULT_RESOURCE_GROUP"}
        variables.setdefault(target.answers.identity_group.casefold(), "$IDENTITY_RESOURCE_GROUP")
        names = ["$RESOURCE_GROUP", *(variables[name.casefold()] for name in extra)]
        return tuple(f"az group create --name {name} --location $LOCATION" for name in names)
