"""The login authority and the discovery documents that MSAL and azure-identity use, and ARM's metadata.

It supports client secret (also as the assertion of a workload identity), device code (for the user that the scenario names, once it is approved) and refresh token
grants, and the App Service managed identity endpoint (docs/azure.md#discovery, docs/azure.md#tokens).
"""

import hmac
import html
import json
import re
import secrets
from urllib.parse import parse_qsl

from wizard.simulator.arm.tokens import AKS_SERVER_APPLICATION, ARM_AUDIENCES, TokenProblem, Tokens
from wizard.simulator.protocol.wire import Answer, Json, base64url
from wizard.simulator.state.state import Principal
from wizard.simulator.state.world import World, iso

_PAGE = """<!DOCTYPE html>
<html lang="en"><title>Simulated Azure</title><body>
<h1>Approve a sign-in</h1><p>{said}</p>
<form method="post">
<p><label>Code <input name="user_code" autocomplete="off"></label></p>
<p><label>AZURE_CLIENT_SECRET of the environment file <input name="client_secret" type="password"></label></p>
<p><button>Approve</button></p>
</form></body></html>
"""
DEVICE, REFRESH = "urn:simulated:device-code", "urn:simulated:refresh-token"
DEVICE_LIFETIME, REFRESH_LIFETIME = 900, 90 * 24 * 3600
"""In seconds. A refresh token is valid much longer than its access token (Entra ID: 90 days)."""
MOST_CODES = 1000
"""How many device codes can wait for approval; the oldest are forgotten."""
_TENANT_PATH = re.compile(
    r"/(?P<tenant>[^/]+)/(?:(?P<configuration>(?:v2\.0/)?\.well-known/openid-configuration)"
    r"|(?P<token>oauth2/(?:v2\.0/)?token)|(?P<device>oauth2/(?:v2\.0/)?devicecode)|(?P<keys>discovery/(?:v2\.0/)?keys))"
)


_NOT_IN_TENANT = (
    "The resource principal named {wanted} was not found in the tenant named {tenant}. This can happen if the application has not been installed by the "
    "administrator of the tenant or consented to by any user in the tenant. You might have sent your authentication request to the wrong tenant."
)
_MFA = (
    "Due to a configuration change made by your administrator, or because you moved to a new location, you must use multi-factor authentication to access "
    "'{wanted}'."
)
_BLOCKED = (
    "Access has been blocked by Conditional Access policies. The access policy does not allow token issuance."
)
_ASSERTION = "Client assertion is not within its valid time range. Current time: {now}, assertion valid from {begin}, expiry time of assertion {end}."
_FAULTS = {
    50076: (400, "interaction_required", _MFA),
    53003: (400, "invalid_grant", _BLOCKED),
    500011: (400, "invalid_resource", _NOT_IN_TENANT),
    700024: (401, "invalid_client", _ASSERTION),
    7000222: (
        401,
        "invalid_client",
        "The provided client secret keys for app '{application}' are expired.",
    ),
}
"""The refusals of sign-in faults: HTTP status, OAuth error and text, by AADSTS code (docs/azure.md#sign-in).

The OAuth errors are UNCONFIRMED.
"""


class SignInRefused(Exception):  # noqa: N818 - it is the response of the authority
    """An OAuth error: its `error` code, the AADSTS number and the text."""

    def __init__(self, status: int, error: str, number: int, text: str) -> None:
        super().__init__(text)
        self.status, self.error, self.number, self.text = status, error, number, text


def metadata(base_url: str, vault_suffix: str) -> Json:
    """Return the object at `/metadata/endpoints` that `az cloud register` expects for one cloud (docs/azure.md#discovery)."""
    return {
        "name": "SimulatedAzure",
        "portal": base_url,
        "resourceManager": base_url,
        "gallery": base_url + "/",
        "graph": base_url + "/",
        "graphAudience": base_url + "/",
        "microsoftGraphResourceId": base_url + "/",
        "authentication": {
            "loginEndpoint": base_url,
            "audiences": [base_url + "/", *ARM_AUDIENCES],
            "tenant": "common",
            "identityProvider": "AAD",
        },
        "suffixes": {"keyVaultDns": vault_suffix},
    }


class SignIn:
    """The login authority."""

    def __init__(self, world: World, tokens: Tokens, base_url: str, managed_identity_header: str) -> None:
        self._world, self._tokens, self._base = world, tokens, base_url
        self._header = managed_identity_header
        self._codes: dict[str, bool] = {}
        """For each user code that was handed out, whether it is approved."""

    async def answer(
        self,
        method: str,
        path: str,
        query: dict[str, str],
        headers: dict[str, str],
        body: bytes,
        aadsts: int | None = None,
    ) -> Answer | None:
        """Return the answer to a request for a sign-in path; None for any other path.

        `aadsts` is the code with which a request for a token is refused.
        """
        if path == "/metadata/endpoints":
            return Answer(200, metadata(self._base, self._world.scenario.vault_suffix))
        if path == "/common/discovery/instance":
            return Answer(200, self._instance(query))
        try:
            if path == "/device":
                return self._approve(dict(parse_qsl(body.decode("utf-8", "replace"))))
            if path == "/msi/token":
                return await self._managed_identity(query, headers)
            match = _TENANT_PATH.fullmatch(path)
            if match is None:
                return None
            if match["configuration"]:
                return Answer(200, self._configuration(match["tenant"]))
            if match["keys"]:
                return Answer(200, await self._tokens.key_set())
            if method != "POST":
                return Answer(
                    405,
                    {
                        "error": "invalid_request",
                        "error_description": "The endpoint only accepts POST requests.",
                    },
                )
            self._check_tenant(match["tenant"])
            form = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
            if aadsts and match["token"]:
                raise self._refusal(aadsts, form)
            return await (self._device_code(form) if match["device"] else self._token(form))
        except SignInRefused as refused:
            moment = iso(self._world.now())
            text = f"AADSTS{refused.number}: {refused.text} Timestamp: {moment}"
            return Answer(
                refused.status,
                {
                    "error": refused.error,
                    "error_description": text,
                    "error_codes": [refused.number],
                    "timestamp": moment,
                },
            )

    def _refusal(self, number: int, form: dict[str, str]) -> SignInRefused:
        """Return the refusal of a sign-in fault."""
        status, error, text = _FAULTS[number]
        now = self._world.now()
        told = text.format(
            wanted=form.get("scope") or form.get("resource") or "",
            tenant=self._world.scenario.tenant.name,
            application=form.get("client_id", ""),
            now=iso(now),
            begin=iso(now - 600),
            end=iso(now - 300),
        )
        return SignInRefused(status, error, number, told)

    def _instance(self, query: dict[str, str]) -> Json:
        tenant = query.get("authorization_endpoint", "").split("/")[3:4] or ["common"]
        return {
            "tenant_discovery_endpoint": f"{self._base}/{tenant[0]}/v2.0/.well-known/openid-configuration",
            "api-version": "1.1",
            "metadata": [],
        }

    def _configuration(self, tenant: str) -> Json:
        root = f"{self._base}/{tenant}/oauth2/v2.0"
        return {
            "issuer": f"{self._base}/{self._world.scenario.tenant.id if tenant.lower() in {'common', 'organizations'} else tenant}/v2.0",
            "authorization_endpoint": f"{root}/authorize",
            "token_endpoint": f"{root}/token",
            "device_authorization_endpoint": f"{root}/devicecode",
            "jwks_uri": f"{self._base}/{tenant}/discovery/v2.0/keys",
            "response_types_supported": ["code", "id_token", "code id_token"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "token_endpoint_auth_methods_supported": [
                "client_secret_post",
                "private_key_jwt",
                "client_secret_basic",
            ],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "tenant_region_scope": None,
        }

    def _check_tenant(self, tenant: str) -> None:
        known = self._world.scenario.tenant
        if tenant.lower() not in {known.id, known.domain, "common", "organizations"}:
            raise SignInRefused(
                400, "invalid_request", 90002,
                f"Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud. "
                "Check with your subscription administrator, this may happen if there are no active subscriptions for the tenant.",
            )  # fmt: skip

    def _audience(self, form: dict[str, str]) -> str:
        wanted = form.get("resource", "")
        for scope in form.get("scope", "").split():
            if scope.startswith("https://") or scope == f"{AKS_SERVER_APPLICATION}/.default":
                wanted = scope.rpartition("/")[0]
        known = {
            self._base,
            *(audience.rstrip("/") for audience in ARM_AUDIENCES),
            f"https://{self._world.scenario.vault_suffix}",
            AKS_SERVER_APPLICATION,
        }
        if wanted.rstrip("/") not in known:
            raise self._refusal(500011, {"resource": wanted})
        return wanted

    def _application(self, form: dict[str, str]) -> Principal:
        app_id = form.get("client_id", "").lower()
        for _, principal in self._world.state.principals.loaded():
            if principal.kind == "application" and principal.app_id == app_id:
                break
        else:
            raise SignInRefused(
                400, "unauthorized_client", 700016,
                f"Application with identifier '{app_id}' was not found in the directory '{self._world.scenario.tenant.name}'. This can happen if the "
                "application has not been installed by the administrator of the tenant or consented to by any user in the tenant.",
            )  # fmt: skip
        given = form.get("client_secret") or form.get("client_assertion", "")
        if not hmac.compare_digest(principal.secret.encode(), given.encode()):
            raise SignInRefused(
                401, "invalid_client", 7000215,
                "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client "
                f"secret ID, for a secret added to app '{app_id}'.",
            )  # fmt: skip
        return principal

    async def _held(self, token: str, audience: str, form: dict[str, str]) -> Principal:
        """Return the principal of a device code or refresh token. Without a scope in the request, the original one applies."""
        try:
            claims = await self._tokens.check(token, (audience,))
            principal = self._world.state.principals[claims["oid"]]
        except (TokenProblem, KeyError) as problem:
            raise SignInRefused(
                400, "invalid_grant", 70000, "The provided value for the input parameter is not valid."
            ) from problem
        form.setdefault("scope", str(claims.get("wanted", "")))
        return principal

    async def _token(self, form: dict[str, str]) -> Answer:
        grant = form.get("grant_type", "").removeprefix("urn:ietf:params:oauth:grant-type:")
        if grant == "client_credentials":
            principal = self._application(form)
        elif grant == "device_code":
            code = form.get("device_code") or form.get("code", "")
            principal = await self._held(code, DEVICE, form)
            await self._check_approved(code)
        elif grant == "refresh_token":
            principal = await self._held(form.get("refresh_token", ""), REFRESH, form)
        else:
            raise SignInRefused(
                400,
                "unsupported_grant_type",
                70003,
                f"The app requested an unsupported grant type '{grant}'.",
            )
        audience = self._audience(form)
        token, _ = await self._tokens.issue(principal, audience)
        answer: Json = {
            "token_type": "Bearer",
            "expires_in": self._tokens.lifetime,
            "ext_expires_in": self._tokens.lifetime,
            "access_token": token,
        }
        if principal.kind == "user":
            answer |= await self._about_user(principal, form)
        return Answer(200, answer)

    async def _about_user(self, principal: Principal, form: dict[str, str]) -> Json:
        tenant = self._world.scenario.tenant.id
        identity, _ = await self._tokens.issue(
            principal,
            form.get("client_id", ""),
            extra={"preferred_username": principal.upn, "upn": principal.upn},
        )
        refresh, _ = await self._tokens.issue(
            principal, REFRESH, extra={"wanted": form.get("scope", "")}, lifetime=REFRESH_LIFETIME
        )
        client = base64url(json.dumps({"uid": principal.object_id, "utid": tenant}).encode())
        return {
            "id_token": identity,
            "refresh_token": refresh,
            "client_info": client,
            "scope": form.get("scope", ""),
        }

    async def _check_approved(self, device_code: str) -> None:
        claims = await self._tokens.check(device_code, (DEVICE,))
        if not self._codes.get(str(claims.get("user_code"))):
            raise SignInRefused(
                400, "authorization_pending", 70016, "OAuth 2.0 device flow error. Authorization is pending. Continue polling."
            )  # fmt: skip

    def approve(self, user_code: str) -> bool:
        """Approve a device code that was handed out. Return whether there is one with this user code."""
        known = user_code.strip().upper()
        if known in self._codes:
            self._codes[known] = True
        return known in self._codes

    def _approve(self, form: dict[str, str]) -> Answer:
        """Approve a device code for whoever holds the environment, and show the page for it.

        Any local user can ask for a device code. The client secret of the environment proves that the one who approves it
        may sign in.
        """
        said, status = "", 200
        if form:
            owner = self._world.principal_of(self._world.scenario.sign_in)
            given = form.get("client_secret", "").encode()
            if not hmac.compare_digest(owner.secret.encode(), given):
                said, status = "The client secret is wrong.", 403
            elif not self.approve(form.get("user_code", "")):
                said, status = "There is no sign-in with this code.", 404
            else:
                said = "The sign-in is approved."
        page = _PAGE.format(said=html.escape(said))
        return Answer(status, None, {"Content-Type": "text/html; charset=utf-8"}, page.encode())

    async def _device_code(self, form: dict[str, str]) -> Answer:
        user = self._world.principal_of(self._world.scenario.device_code)
        user_code = f"SIMULATED-{secrets.token_hex(4).upper()}"
        while len(self._codes) >= MOST_CODES:
            del self._codes[next(iter(self._codes))]
        self._codes[user_code] = False
        code, _ = await self._tokens.issue(
            user,
            DEVICE,
            extra={"wanted": form.get("scope", ""), "user_code": user_code},
            lifetime=DEVICE_LIFETIME,
        )
        page = f"{self._base}/device"
        return Answer(200, {
            "user_code": user_code, "device_code": code, "verification_uri": page, "verification_url": page, "expires_in": DEVICE_LIFETIME, "interval": 1,
            "message": f"To sign in, use a web browser to open the page {page} and enter the code {user_code} to authenticate.",
        })  # fmt: skip

    async def _managed_identity(self, query: dict[str, str], headers: dict[str, str]) -> Answer:
        name = self._world.scenario.managed_identity
        if not name or not hmac.compare_digest(
            headers.get("x-identity-header", "").encode("utf-8", "surrogateescape"), self._header.encode()
        ):
            return Answer(
                401,
                {
                    "statusCode": 401,
                    "message": "The X-IDENTITY-HEADER is missing or wrong, or this host has no managed identity.",
                },
            )
        resource = query.get("resource", "")
        principal = self._world.principal_of(name)
        token, expires = await self._tokens.issue(principal, self._audience({"resource": resource}))
        return Answer(200, {
            "access_token": token, "expires_on": str(expires), "resource": resource, "token_type": "Bearer", "client_id": principal.app_id,
        })  # fmt: skip
