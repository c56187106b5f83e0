"""An error of the SDKs becomes a problem: whose it is, the likely cause, what to do, and Azure's own words."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest
from azure.core import exceptions
from azure.core.exceptions import HttpResponseError, ODataV4Format

from wizard.cloud import diagnose
from wizard.cloud.arm import Json
from wizard.cloud.diagnose import code_of, problem_from
from wizard.cloud.problems import Problem

SUMMARY = "The cluster aks-demo could not be updated."


def refusal(
    status: int,
    error: Json | None,
    kind: type[HttpResponseError] = HttpResponseError,
    headers: Mapping[str, str] | None = None,
) -> HttpResponseError:
    """The error that azure-core raises for an answer with this status and body."""
    raised = kind(message=str((error or {}).get("message", "")))
    raised.status_code = status
    raised.response = SimpleNamespace(headers=headers or {})  # all that is looked at
    raised.error = ODataV4Format(error) if error is not None else None
    return raised


def problem(status: int, error: Json | None, **headers: str) -> Problem:
    return problem_from(refusal(status, error, headers=headers), SUMMARY)


@pytest.mark.parametrize("code", sorted(diagnose._KNOWN))
def test_every_known_code_has_something_to_do_and_keeps_azures_words(code: str) -> None:
    known = problem(400, {"code": code, "message": "Azure's own\x1b[31m words."})
    assert known.remedy
    assert known.remedy[0].isupper() or known.remedy[0] == "`"
    assert known.remedy.endswith((".", ")"))
    assert (known.summary, known.code, known.azure_said) == (SUMMARY, code, "Azure's own words.")


def test_a_failure_of_akss_own_blames_a_key_only_where_there_is_one() -> None:
    known = problem(500, {"code": "InternalOperationError", "message": "Internal server error"})
    assert "Where the key is your own," in known.cause
    assert known.remedy.startswith("Where the key is your own,")


@pytest.mark.parametrize("text", sorted(diagnose._MORE))
def test_refusals_told_apart_by_their_text(text: str) -> None:
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
        (None, ""),
    ],
)  # fmt: skip
def test_the_most_precise_code_that_is_known(error: Json | None, code: str) -> None:
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
        (503, "transient", True),
        (401, "sign-in", False),
    ],
)
def test_an_unknown_code_is_sorted_by_its_status(status: int, kind: str, retryable: bool) -> None:
    unknown = problem(status, {"code": "NeverHeardOf", "message": "No."})
    assert (unknown.kind, unknown.retryable) == (kind, retryable)
    assert unknown.code == "NeverHeardOf"
    assert unknown.azure_said == "No."
    assert unknown.cause
    assert unknown.remedy


def test_an_answer_without_a_code_is_named_by_its_status() -> None:
    bare = problem(502, None)
    assert bare.code == "HTTP 502"
    assert bare.retryable


@pytest.mark.parametrize("header", ["x-ms-correlation-request-id", "x-ms-request-id"])
def test_microsofts_support_wants_the_correlation_id(header: str) -> None:
    assert problem(400, {"code": "BadRequest", "message": "No."}, **{header: "4711"}).correlation_id == "4711"


def test_a_refusal_of_the_sign_in_by_azure_resource_manager() -> None:
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
def test_errors_without_an_answer_of_azure(error: Any, kind: str, retryable: bool) -> None:
    found = problem_from(error, SUMMARY)
    assert (found.kind, found.retryable) == (kind, retryable)
    assert found.summary == SUMMARY
    assert found.cause
    assert found.remedy
    assert found.azure_said == str(error).splitlines()[0]


def test_what_azure_says_cannot_move_the_cursor() -> None:
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
