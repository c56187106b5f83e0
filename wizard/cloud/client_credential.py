"""Signs in an application with a client secret or an assertion: one POST to Microsoft Entra. Imports the SDKs' core: late.

azure-identity has such credentials too. It imports msal, requests and cryptography, which this sign-in does not use: a fifth of
the time and a quarter of the memory of a verification. The request, and how its response and errors are read, are the same
(azure-identity 1.25, `_internal/aad_client_base.py`).
"""

import json
import time
from collections.abc import Callable
from typing import Any, Self

from azure.core.credentials import AccessTokenInfo
from azure.core.exceptions import ClientAuthenticationError
from azure.core.pipeline import AsyncPipeline
from azure.core.pipeline.policies import ContentDecodePolicy
from azure.core.rest import HttpRequest

from wizard.cloud.arm import Json
from wizard.system.sanitize import sanitize

_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_EVENTS = {"access_token": {"xms_cc": {"values": ["CP1"]}}}
"""Says that this client asks for a new token if one is revoked before it expires (continuous access evaluation)."""


class ClientCredential:
    """The credential of an application. It asks for a token each time; `CachedCredential` keeps tokens."""

    def __init__(
        self,
        authority: str,
        tenant: str,
        client: str,
        proof: Callable[[], dict[str, str]],
        *,
        transport: Any,
        policies: list[Any],
    ) -> None:
        """`proof` returns the fields of a request that prove who the application is; see `secret` and `assertion`."""
        self._url = f"{authority}/{tenant}/oauth2/v2.0/token"
        self._tenant, self._client, self._proof = tenant, client, proof
        self._pipeline: AsyncPipeline[Any, Any] = AsyncPipeline(transport, policies)

    async def get_token_info(self, *scopes: str, options: Any = None) -> AccessTokenInfo:
        """Return a token. Raise ClientAuthenticationError, and what the pipeline and `proof` raise."""
        asked = dict(options or {})
        tenant = str(asked.get("tenant_id") or self._tenant)
        if tenant.casefold() != self._tenant.casefold():
            raise ClientAuthenticationError(
                message=f"A token for the tenant {sanitize(tenant)} is needed, but AZURE_TENANT_ID is {self._tenant}."
            )
        fields = {"client_id": self._client, "grant_type": "client_credentials", "scope": " ".join(scopes)}
        if claims := _claims(asked):
            fields["claims"] = claims
        request = HttpRequest("POST", self._url, data=fields | self._proof())
        now = int(time.time())
        response = await self._pipeline.run(request, retry_on_methods=frozenset({"POST"}))
        return _token(response, now)

    async def close(self) -> None:
        """Close the pipeline."""
        await self._pipeline.__aexit__()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


def secret(value: str) -> Callable[[], dict[str, str]]:
    """Return the proof by a client secret."""
    return lambda: {"client_secret": value}


def assertion(read: Callable[[], str]) -> Callable[[], dict[str, str]]:
    """Return the proof by an assertion, which is read again for each request."""
    return lambda: {"client_assertion": read(), "client_assertion_type": _BEARER}


def _claims(asked: dict[str, Any]) -> str:
    """Return the claims to ask for: those of a challenge, and that of `enable_cae`."""
    challenge = str(asked.get("claims") or "")
    if not asked.get("enable_cae"):
        return challenge
    claims: Json = json.loads(challenge) if challenge else {}
    claims["access_token"] = (claims.get("access_token") or {}) | _EVENTS["access_token"]
    return json.dumps(claims)


def _token(response: Any, now: int) -> AccessTokenInfo:
    """Return the token in a response. Raise ClientAuthenticationError."""
    answer = response.http_response
    content = response.context.get(ContentDecodePolicy.CONTEXT_NAME) or {}
    if "error" in content:
        why = content.get("error_description") or "no description"
        raise ClientAuthenticationError(
            message=f"Microsoft Entra ID error '({content['error']}) {why}'", response=answer
        )
    try:
        expires = int(content["expires_on"] if "expires_on" in content else now + int(content["expires_in"]))
        return AccessTokenInfo(str(content["access_token"]), expires)
    except (KeyError, ValueError, TypeError) as error:
        raise ClientAuthenticationError(
            message="Microsoft Entra ID returned no token that can be used.", response=answer
        ) from error
