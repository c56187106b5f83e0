"""An SDK's error becomes a problem: its kind, the likely cause, the remedy, and Azure's own message."""

import base64
import json
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest
from azure.core import exceptions
from azure.core.exceptions import HttpResponseError

from tests.remedies import commands
from tests.support import PRODUCTION
from wizard.cloud import diagnose
from wizard.cloud.arm import Json
from wizard.cloud.diagnose import code_of, problem_from
from wizard.errors import Problem

SUMMARY = "The cluster aks-demo could not be updated."


def refusal(
    status: int,
    error: Json | None,
    kind: type[HttpResponseError] = HttpResponseError,
    headers: Mapping[str, str] | None = None,
    request: object = None,
) -> HttpResponseError:
    """Return the error that azure-core raises for a response with this status and body."""
    raised = kind(message=str((error or {}).get("message", "")))
    raised.status_code = status
    raised.response = SimpleNamespace(  # all that is looked at
        headers=headers or {},
        text=lambda: "" if error is None else json.dumps({"error": error}),
        request=request,
    )
    return raised


def problem(status: int, error: Json | None, **headers: str) -> Problem:
    return problem_from(refusal(status, error, headers=headers), SUMMARY)


@pytest.mark.parametrize("code", sorted(diagnose._KNOWN))
def test_every_known_code_has_a_remedy_and_keeps_azures_message(code: str) -> None:
    known = problem(400, {"code": code, "message": "Azure's own\x1b[31m words."})
    assert known.remedy
    assert known.remedy[0].isupper() or known.remedy[0] == "`"
    assert known.remedy.endswith((".", ")")) or commands(known.remedy)
    assert (known.summary, known.code, known.azure_said) == (SUMMARY, code, "Azure's own words.")


def test_internal_error_of_aks_blames_the_key_only_if_it_is_customer_managed() -> None:
    known = problem(500, {"code": "InternalOperationError", "message": "Internal server error"})
    assert "With a customer-managed key," in known.cause
    assert known.remedy.startswith("With a customer-managed key,")


@pytest.mark.parametrize("text", sorted(diagnose._MORE))
def test_refusals_that_differ_only_in_their_text(text: str) -> None:
    known = problem(400, {"code": "BadRequest", "message": f"Something. {text.upper()} and more"})
    assert known.cause
    assert known.remedy
    assert known.code == "BadRequest"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ({"code": "BadRequest", "message": ""}, "BadRequest"),
        ({"code": "Forbidden", "message": "", "innererror": {"code": "ForbiddenByRbac"}}, "ForbiddenByRbac"),
        ({"code": "Forbidden", "message": "", "innererror": {"code": "NobodyKnowsIt"}}, "Forbidden"),
        ({"code": "Forbidden", "message": "The operation was disallowed by policy.", "innererror": {"code": "ForbiddenByPolicy"}}, "ForbiddenByPolicy"),
        (
            {"code": "Forbidden", "message": "The user, group or application 'x' does not have keys create permission on key vault 'kv'.", "innererror": {"code": "ForbiddenByPolicy"}},
            "AccessDenied",
        ),
        ({"code": "Forbidden", "message": "", "innererror": {"code": ["x"]}}, "Forbidden"),
        ({"code": "Conflict", "message": "", "innererror": "text"}, "Conflict"),
        (
            {"code": "ResourceOperationFailure", "message": "", "details": [{"code": "OriginalEtagNotExpect", "message": ""}]},
            "OriginalEtagNotExpect",
        ),
        (
            {"code": "EtagMismatch", "message": "", "details": [{"code": "Unspecified", "message": "rpc"}]},
            "EtagMismatch",
        ),
        ({"code": "Outer", "message": "", "details": [{"code": "Unheard", "message": ""}]}, "Outer"),
        (
            {"code": "QuotaExceeded", "message": "", "details": [{"code": "OperationNotAllowed", "message": ""}]},
            "QuotaExceeded",
        ),
        (
            {"code": "OperationNotAllowed", "message": "", "details": [{"code": "QuotaExceeded", "message": ""}]},
            "QuotaExceeded",
        ),
        ({"code": "BadRequest", "message": "", "details": [{"code": "OperationNotAllowed"}]}, "BadRequest"),
        (
            {"code": "ScopeLocked", "message": "", "details": [{"code": "PreconditionFailed", "message": ""}]},
            "ScopeLocked",
        ),
        ({"code": "PreConditionFailed", "message": ""}, "PreconditionFailed"),
        ({"Code": "scopelocked", "Message": "x"}, "ScopeLocked"),
        ({"code": "Forbidden", "message": "", "InnerError": {"code": "ForbiddenByRbac"}}, "ForbiddenByRbac"),
        (
            {"code": "Failed", "message": "", "details": [{"code": "A", "details": [{"code": "QuotaExceeded"}]}]},
            "QuotaExceeded",
        ),
        (None, ""),
    ],
)  # fmt: skip
def test_code_is_the_most_precise_known_one(error: Json | None, code: str) -> None:
    assert code_of(refusal(409, error)) == code


@pytest.mark.parametrize(
    ("status", "kind", "retryable"),
    [
        (400, "azure", False),
        (403, "azure", False),
        (404, "azure", False),
        (409, "azure", False),
        (408, "transient", True),
        (429, "transient", True),
        (500, "transient", True),
        (501, "transient", True),
        (503, "transient", True),
        (401, "sign-in", False),
    ],
)
def test_unknown_code_gets_its_kind_from_the_status(status: int, kind: str, retryable: bool) -> None:
    unknown = problem(status, {"code": "NeverHeardOf", "message": "No."})
    assert (unknown.kind, unknown.retryable) == (kind, retryable)
    assert unknown.code == "NeverHeardOf"
    assert unknown.azure_said == "No."
    assert unknown.cause
    assert unknown.remedy


def test_response_without_a_code_gets_its_status_as_the_code() -> None:
    bare = problem(502, None)
    assert bare.code == "HTTP 502"
    assert bare.retryable


@pytest.mark.parametrize("header", ["x-ms-correlation-request-id", "x-ms-request-id"])
def test_problem_has_the_correlation_id(header: str) -> None:
    assert problem(400, {"code": "BadRequest", "message": "No."}, **{header: "4711"}).correlation_id == "4711"


def test_sign_in_refused_by_azure_resource_manager() -> None:
    error = {
        "code": "InvalidAuthenticationTokenTenant",
        "message": "The access token is from the wrong issuer",
    }
    wrong = problem_from(refusal(401, error, exceptions.ClientAuthenticationError), SUMMARY)
    assert wrong.kind == "sign-in"
    assert "AZURE_TENANT_ID" in wrong.remedy


@pytest.mark.parametrize(
    ("error", "kind", "retryable"),
    [
        (
            exceptions.ClientAuthenticationError("AADSTS7000215: Invalid client secret.\r\nTrace"),
            "sign-in",
            False,
        ),
        (exceptions.ServiceRequestError("Cannot connect to host"), "unreachable", True),
        (exceptions.ServiceResponseError("Server disconnected"), "unreachable", True),
        (exceptions.IncompleteReadError("connection closed early"), "unreachable", True),
        (exceptions.DecodeError("not JSON"), "unreachable", True),
        (exceptions.SerializationError("odd"), "azure", True),
    ],
)
def test_errors_without_a_response_from_azure(error: Any, kind: str, retryable: bool) -> None:
    found = problem_from(error, SUMMARY)
    assert (found.kind, found.retryable) == (kind, retryable)
    assert found.summary == SUMMARY
    assert found.cause
    assert found.remedy
    assert found.azure_said == str(error).splitlines()[0]


def test_azures_message_is_sanitized() -> None:
    evil = problem(400, {"code": "Bad\x1b[2JRequest", "message": "one\x07\r\ntwo\u202e"})
    assert evil.code == "BadRequest"
    assert evil.azure_said == "one\ntwo"


@pytest.mark.parametrize(
    ("code", "message", "kind", "cause"),
    [
        ("OperationNotAllowed", "Another operation (Updating) is in progress.", "transient", "in progress"),
        ("OperationNotAllowed", "You can only perform start or delete operations on a stopped cluster.", "azure", "state"),
        ("OperationNotAllowed", "It results in exceeding approved Total Regional Cores quota.", "azure", "quota"),
        ("QuotaExceeded", "It results in exceeding approved Total Regional Cores quota.", "azure", "quota"),
    ],
)  # fmt: skip
def test_only_an_operation_in_progress_is_transient(code: str, message: str, kind: str, cause: str) -> None:
    """kata-containers#8484, azure-cli#15013."""
    found = problem(409, {"code": code, "message": message})
    assert (found.code, found.kind, found.retryable) == (code, kind, kind == "transient")
    assert cause in found.cause


def test_a_missing_permission_on_a_linked_resource_is_named() -> None:
    """azurerm#3067, Azure/AKS#2040."""
    said = (
        "The client 'ci' with object id 'x' has permission to perform action 'Microsoft.ContainerService/managedClusters/write' on "
        "scope '/s'; however, it does not have permission to perform action 'Microsoft.Network/virtualNetworks/subnets/join/action' "
        "on the linked scope(s) '/net/subnets/aks' or the linked scope(s) are invalid."
    )
    found = problem(403, {"code": "LinkedAuthorizationFailed", "message": said})
    assert "Microsoft.Network/virtualNetworks/subnets/join/action on /net/subnets/aks" in found.cause
    assert "the role Network Contributor" in found.remedy
    found = problem(
        403,
        {
            "code": "LinkedAuthorizationFailed",
            "message": said.replace("Network/virtualNetworks/subnets", "X/y"),
        },
    )
    assert "a role with this action" in found.remedy
    found = problem(403, {"code": "LinkedAuthorizationFailed", "message": "No."})
    assert "action that Azure names" in found.remedy


def test_several_linked_actions_and_a_linked_tenant_are_named() -> None:
    """Azure/AKS#4014, Azure/OpenShift#41."""
    join, keys = "Microsoft.Network/x/join/action", "Microsoft.OperationalInsights/workspaces/sharedkeys/read"
    said = f"it does not have permission to perform action(s) '{join}','{keys}' on the linked scope(s) '/net','/log' (respectively)"
    found = problem(403, {"code": "linkedauthorizationfailed", "message": said})
    assert f"{join}, {keys} on /net, /log" in found.cause
    assert "Network Contributor and Log Analytics Contributor" in found.remedy
    said = "however the current tenant 't-1' is not authorized to access linked subscription 's-2'."
    found = problem(403, {"code": "LinkedAuthorizationFailed", "message": said})
    assert "the subscription s-2, which the tenant t-1" in found.cause


def test_a_policy_that_requires_mfa_is_met_by_signing_in_again() -> None:
    """azure-docs-cli#5403."""
    claims = base64.urlsafe_b64encode(json.dumps({"tid": "t-1"}).encode()).decode().rstrip("=")
    said = {
        "code": "RequestDisallowedByPolicy",
        "message": "'aks-demo' was disallowed by policy. Reasons: 'MFA is required'.",
    }
    address = "https://management.usgovcloudapi.net/subscriptions/s"
    request = SimpleNamespace(headers={"Authorization": f"Bearer h.{claims}.s"}, url=address)
    found = problem_from(refusal(403, said, request=request), SUMMARY)
    assert found.kind == "sign-in"
    assert "az login --tenant t-1 --scope https://management.core.usgovcloudapi.net//.default" in found.remedy
    assert "az login --scope https://management.core.windows.net//.default" in problem(403, said).remedy


@pytest.mark.parametrize(
    ("code", "cause", "remedy"),
    [
        ("50076", "multi-factor", "az login --scope https://management.core.windows.net//.default"),
        ("53003", "Conditional Access", "Entra administrator"),
        ("500011", "another cloud or tenant", "az cloud show"),
        ("700024", "client assertion has expired", "aks-kms runs resume"),
        ("7000222", "secret has expired", "az ad app credential reset"),
        ("4711", "did not accept", "az login"),
    ],
)
def test_a_refusal_of_entra_is_explained_by_its_code(code: str, cause: str, remedy: str) -> None:
    """azure-cli#32275, #16696, Azure/login#180."""
    found = problem_from(exceptions.ClientAuthenticationError(f"AADSTS{code}: No. Trace ID: x"), SUMMARY)
    assert (found.kind, cause in found.cause, remedy in found.remedy) == ("sign-in", True, True)


@pytest.mark.parametrize(
    "audience", ["https://vault.azure.net/.default", "cfa8b339-82a2-471a-a3c9-0fc0be7a4093"]
)
def test_mfa_for_key_vault_is_asked_for_key_vault(audience: str) -> None:
    said = f"AADSTS50076: Due to a configuration change you must use multi-factor authentication to access '{audience}'."
    found = problem_from(exceptions.ClientAuthenticationError(said), SUMMARY)
    assert "az login --scope https://vault.azure.net/.default" in found.remedy


def test_commands_name_the_subscription_of_the_request_and_the_provider_of_the_message() -> None:
    said = "The subscription is not registered to use namespace 'Microsoft.KeyVault'. See https://aka.ms/rps-not-found."
    address = f"https://management.azure.com/subscriptions/{PRODUCTION}/resourceGroups/x?api-version=1"
    request = SimpleNamespace(headers={}, url=address)
    error = refusal(409, {"code": "MissingSubscriptionRegistration", "message": said}, request=request)
    command = f"az provider register --namespace Microsoft.KeyVault --subscription {PRODUCTION} --wait"
    assert problem_from(error, SUMMARY).remedy.endswith(f": {command}")
