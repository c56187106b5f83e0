"""The resource groups."""

from wizard.cloud.arm import GroupId, dig, same, same_region
from wizard.cloud.error_translation import translate_errors
from wizard.cloud.writes import Repeat, declared
from wizard.procedure import tags
from wizard.procedure.plan import Effect
from wizard.procedure.step import Intent, Step, Work, unconfirmed
from wizard.rules import RequiredAction
from wizard.state.snapshot import Snapshot
from wizard.state.target import Target

_API = "2024-11-01"
_ACTION = "Microsoft.Resources/subscriptions/resourceGroups/write"


class ResourceGroup(Step):
    """How-to: "Set up environment variables", last command."""

    key = "resource-group"
    title = "Create the resource group"
    sentence = "Creates the resource groups that do not exist. Existing ones are kept, in any region."

    def inspect(self, target: Target, snapshot: Snapshot) -> Intent:
        effects = []
        for group in target.groups:
            body = snapshot.groups[group.key]
            if body is None:
                effects.append(Effect("create", "resource group", group.name, target.answers.location))
            else:
                where = str(dig(body, "location") or "")
                elsewhere = (
                    ""
                    if same_region(where, target.answers.location)
                    else ", another region than configured: kept"
                )
                effects.append(Effect("keep", "resource group", group.name, f"{where}{elsewhere}"))
        missing = any(effect.verb == "create" for effect in effects)
        return Intent("create" if missing else "none", tuple(effects))

    async def apply(self, work: Work) -> None:
        from azure.mgmt.resource.resources.models import ResourceGroup as Body

        for group in _missing(work.target, work.snapshot):
            client = work.azure.resources(group.subscription).resource_groups
            body = Body(location=work.answers.location, tags=work.answers.tags or None)
            with (
                translate_errors(f"The resource group {group.name} could not be created."),
                declared(Repeat.SAFE),
            ):
                await client.create_or_update(group.name, body)
            work.log(f"resource group {group.name} created in {work.answers.location}", "operator")

    async def confirm(self, work: Work) -> str:
        for group in work.target.groups:
            with translate_errors(f"The resource group {group.name} could not be read."):
                exists = await work.azure.resources(group.subscription).resource_groups.check_existence(
                    group.name
                )
            if not exists:
                raise unconfirmed(f"The resource group {group.name} does not exist.")
        return ", ".join(group.name for group in work.target.groups)

    def commands(self, target: Target, snapshot: Snapshot | None) -> tuple[str, ...]:
        wanted = target.groups if snapshot is None else _missing(target, snapshot)
        return tuple(
            command for group in wanted for command in _creating(target, group, unless_there=snapshot is None)
        )

    def required_actions(self, target: Target, snapshot: Snapshot) -> tuple[RequiredAction, ...]:
        return tuple(RequiredAction(_ACTION, str(group)) for group in _missing(target, snapshot))


def _missing(target: Target, snapshot: Snapshot) -> tuple[GroupId, ...]:
    return tuple(group for group in target.groups if snapshot.groups[group.key] is None)


def _creating(target: Target, group: GroupId, *, unless_there: bool) -> tuple[str, ...]:
    """Return the commands for one group, with the same variables as the commands for its resources.

    `unless_there`: only if it does not exist, as in the how-to; creating an existing group would replace its tags.
    """
    home = target.answers.group
    prefix = "KEY_VAULT_" if group.key == target.answers.vault_group.key else "IDENTITY_"
    name = "$RESOURCE_GROUP" if same(group.name, home.name) else f"${prefix}RESOURCE_GROUP"
    at_home = same(group.subscription, home.subscription)
    subscription = "$SUBSCRIPTION_ID" if at_home else f"${prefix}SUBSCRIPTION_ID"
    where = f"--name {name}" if at_home else f"--name {name} --subscription {subscription}"
    url = f"/subscriptions/{subscription}/resourceGroups/{name}?api-version={_API}"
    create = " ".join(("az group create", where, "--location $LOCATION", *tags.option(target)))
    commands = (create, *tags.afterwards(target, url))
    if not unless_there:
        return commands
    made = create if len(commands) == 1 else "{\n" + "\n".join(commands) + "\n}"
    return (f"az group show {where} -o none 2>/dev/null || {made}",)
