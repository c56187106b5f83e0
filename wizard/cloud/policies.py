"""What Azure Policy would deny, checked before anything is sent: Policy Insights, "Check policy restrictions"."""

from dataclasses import dataclass
from typing import Any

from wizard.cloud import reads
from wizard.cloud.arm import GroupId, Json
from wizard.cloud.azure import Azure
from wizard.cloud.diagnose import code_of
from wizard.cloud.reads import Unknown, advisory
from wizard.errors import AzureError, unexpected_response
from wizard.system.sanitize import sanitize


@dataclass(frozen=True)
class Request:
    """A resource that a plan would create or change, as it would be sent."""

    group: GroupId
    type: str
    name: str
    body: Json
    api_version: str
    parent: str = ""
    """The ID of its parent resource, if it has one."""


@dataclass(frozen=True)
class Denial:
    """A policy that would deny a resource."""

    what: str
    """The resource's name."""
    assignment: str
    """The ID of the policy assignment."""
    field: str
    """The fields of the resource that it evaluates, if Azure names them."""
    group: str = ""
    """The ID of the resource group in which the resource is, or will be created."""


async def denials(azure: Azure, request: Request) -> tuple[Denial, ...] | Unknown:
    """Return the policies that would deny a resource.

    Policies on resources that a service creates itself (the nodes of a cluster) are not included, and a resource group that
    does not exist yet is checked at its subscription. The result is a preview: Azure decides when the resource is created.
    """
    from azure.core.exceptions import ResourceNotFoundError
    from azure.mgmt.policyinsights.models import CheckRestrictionsRequest, CheckRestrictionsResourceDetails

    content = {**request.body, "type": request.type, "name": request.name}
    details = CheckRestrictionsResourceDetails(
        resource_content=content, api_version=request.api_version, scope=request.parent or str(request.group)
    )
    body = CheckRestrictionsRequest(resource_details=details)
    client = azure.policies(request.group.subscription).policy_restrictions

    async def read() -> tuple[Denial, ...]:
        try:
            result = await client.check_at_resource_group_scope(request.group.name, body)
        except ResourceNotFoundError as error:
            if code_of(error) != "ResourceGroupNotFound":
                raise
            result = await client.check_at_subscription_scope(body)
        found = result.content_evaluation_result
        if found is None and result.field_restrictions is None:
            raise AzureError(unexpected_response(reads.POLICIES.failure, "it has no result"))
        return tuple(
            Denial(
                what=request.name,
                assignment=sanitize(str(one.policy_info.policy_assignment_id if one.policy_info else "")),
                field=_field(one.evaluation_details),
                group=str(request.group),
            )
            for one in (found.policy_evaluations if found else None) or ()
            if str(one.evaluation_result).casefold() == "noncompliant"
        )

    return await advisory(reads.POLICIES, read(), azure.timeouts)


def _field(details: Any) -> str:
    expressions = (details.evaluated_expressions if details else None) or ()
    return sanitize(
        ", ".join(str(one.path or one.expression) for one in expressions if one.path or one.expression)
    )
