"""Role assignments on the vault: the code that the three role steps share."""

from typing import Literal

from wizard.cloud.error_translation import translate_errors
from wizard.cloud.roles import Role, assignment_name, grants
from wizard.cloud.writes import Repeat, declared
from wizard.errors import AzureError
from wizard.procedure.step import Work, shell, unconfirmed, with_timeout_hint

_PRINCIPAL_POLL = 10.0  # seconds between tries while a new identity replicates in Entra


async def assign(work: Work, role: Role, principal: str, kind: Literal["User", "ServicePrincipal"]) -> None:
    """Assign the role on the vault, unless the principal already has it. Raise AzureError if that fails.

    `principalType` is always sent, so that Azure does not look up a new identity in Entra. If Azure still does not find
    it (PrincipalNotFound), the request is repeated. An equal assignment with another name is a success.
    """
    from azure.mgmt.authorization.v2022_04_01.models import RoleAssignmentCreateParameters

    vault = work.target.vault_id
    if any(grant.gives(role, principal, vault) for grant in await grants(work.azure, vault, principal)):
        work.log(f"{role.name} is already assigned to {principal}", "operator")
        return
    client = work.azure.authorization(work.answers.vault_group.subscription).role_assignments
    body = RoleAssignmentCreateParameters(
        role_definition_id=role.definition_id(work.answers.vault_group.subscription),
        principal_id=principal,
        principal_type=kind,
    )
    refusal: AzureError | None = None
    async for spent in work.tries("principal", _PRINCIPAL_POLL, "Microsoft Entra"):
        try:
            with translate_errors(f"{role.name} could not be assigned."), declared(Repeat.SAFE):
                await client.create(vault, assignment_name(vault, principal, role), body)
        except AzureError as error:
            if error.problem.code == "RoleAssignmentExists":
                return
            if error.problem.code != "PrincipalNotFound":
                raise
            refusal = error
            work.progress("waiting for the new identity to replicate in Microsoft Entra", spent, None)
        else:
            own = work.target.own
            who = "you" if principal == work.azure.signed_in.object_id else own.identity.name
            work.log(f"{role.name} assigned to {who} on {own.vault.name}", "operator")
            return
    if refusal is not None:
        raise AzureError(with_timeout_hint(refusal.problem, work.timeouts, "principal")) from refusal


async def confirm_assigned(work: Work, principal: str, *roles: Role) -> str:
    """Check that the principal has one of the roles. Raise AzureError if it has none."""
    vault, name = work.target.vault_id, work.target.own.vault.name
    present = await grants(work.azure, vault, principal)
    held = next(
        (role for role in roles if any(grant.gives(role, principal, vault) for grant in present)), None
    )
    if held is None:
        raise unconfirmed(f"{roles[0].name} on {name} is not assigned to {principal}.")
    return f"{held.name} on {name}"


def command(role: Role, assignee: str, kind: Literal["User", "ServicePrincipal"]) -> str:
    """Return the how-to's command; `assignee` is a shell expression."""
    return shell(
        "az role assignment create",
        f'--role "{role.name}"',
        f"--assignee-object-id {assignee}",
        f'--assignee-principal-type "{kind}"',
        "--scope $KEY_VAULT_RESOURCE_ID",
    )
