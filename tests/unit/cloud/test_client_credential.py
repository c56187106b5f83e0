"""What an application's sign-in asks for, and what it makes of the response: as azure-identity does."""

import json
from types import SimpleNamespace
from typing import Any

import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.core.pipeline.policies import ContentDecodePolicy

from wizard.cloud.client_credential import ClientCredential, _claims, _token, assertion, secret


def response(content: object) -> Any:
    answer = SimpleNamespace(status_code=400, reason="Bad Request")
    return SimpleNamespace(context={ContentDecodePolicy.CONTEXT_NAME: content}, http_response=answer)


def test_claims_of_a_challenge_are_kept_beside_those_of_continuous_access_evaluation() -> None:
    challenge = '{"access_token": {"nbf": {"essential": true, "value": "1"}}}'
    assert _claims({}) == ""
    assert _claims({"claims": challenge}) == challenge
    both = json.loads(_claims({"claims": challenge, "enable_cae": True}))
    assert both["access_token"] == {
        "nbf": {"essential": True, "value": "1"},
        "xms_cc": {"values": ["CP1"]},
    }


def test_proofs() -> None:
    assert secret("s")() == {"client_secret": "s"}
    assert assertion(lambda: "jwt")()["client_assertion"] == "jwt"


def test_lifetime_of_a_token() -> None:
    assert _token(response({"access_token": "t", "expires_in": "3599"}), 1_000).expires_on == 4_599
    assert _token(response({"access_token": "t", "expires_on": 7, "expires_in": 3}), 1_000).expires_on == 7


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            {"error": "invalid_client", "error_description": "AADSTS7000215: no", "access_token": "secret"},
            "'(invalid_client) AADSTS7000215: no'",
        ),
        ({"error": "temporarily_unavailable"}, "temporarily_unavailable"),
        ({"expires_in": 3599}, "no token that can be used"),
        ({"access_token": "secret", "expires_in": "soon"}, "no token that can be used"),
        (None, "no token that can be used"),
    ],
)
def test_a_response_without_a_token_is_an_error_that_quotes_no_token(content: object, said: str) -> None:
    with pytest.raises(ClientAuthenticationError) as error:
        _token(response(content), 0)
    assert said in str(error.value)
    assert "secret" not in str(error.value)


async def test_a_token_for_another_tenant_is_not_asked_for() -> None:
    credential = ClientCredential("https://login", "one", "app", secret("s"), transport=None, policies=[])
    with pytest.raises(ClientAuthenticationError, match="AZURE_TENANT_ID is one"):
        await credential.get_token_info("scope", options={"tenant_id": "other"})
