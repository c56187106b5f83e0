"""Signing in: an azure-identity credential of each kind, a cache of its tokens, and the signed-in identity."""

import asyncio
import base64
import binascii
import contextvars
import json
import re
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, Self
from urllib.parse import urlsplit

from wizard.cloud.cloud_shell import in_cloud_shell
from wizard.cloud.endpoints import Cloud
from wizard.cloud.proxies import Proxies, ca_bundle
from wizard.cloud.trust import synchronous_transport
from wizard.errors import AzureError, Problem
from wizard.system.processes import program, rejected_executable
from wizard.system.sanitize import mask, sanitize

if TYPE_CHECKING:
    from azure.core.credentials import AccessTokenInfo
    from azure.core.pipeline.transport import AsyncHttpTransport

SECRET_VARIABLES = (
    "AZURE_CLIENT_SECRET",
    "AZURE_CLIENT_CERTIFICATE_PASSWORD",
    "AZURE_PASSWORD",
    "IDENTITY_HEADER",
    "MSI_SECRET",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
)
"""Variables of the environment that hold secrets, which this program or azure-identity sends."""

CredentialKind = Literal[
    "auto", "environment", "workload-identity", "managed-identity", "azure-cli", "device-code", "browser"
]

_SECRET, _CERTIFICATE = "AZURE_CLIENT_SECRET", "AZURE_CLIENT_CERTIFICATE_PATH"
_TOKEN_FILE = "AZURE_FEDERATED_TOKEN_FILE"  # noqa: S105 - the name of a variable
_IDS = ("AZURE_TENANT_ID", "AZURE_CLIENT_ID")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*")
"""A GUID, or a tenant's domain."""
_FRESH = 300  # seconds for which a cached token must still be valid; azure-identity refreshes at the same age


@dataclass(frozen=True)
class SignedIn:
    """The signed-in identity, from the claims of its token for Azure Resource Manager."""

    object_id: str
    tenant_id: str
    principal_type: Literal["User", "ServicePrincipal"]
    name: str
    """A user principal name, or `application …` with the application ID."""


class _Credential(Protocol):
    """What azure-identity's asynchronous credentials have in common."""

    async def get_token_info(self, *scopes: str, options: Any = None) -> "AccessTokenInfo": ...
    async def close(self) -> None: ...


REFUSED: contextvars.ContextVar[str] = contextvars.ContextVar("refused", default="")
"""The token of the request that was refused, while a new one is asked for because of that."""


class CachedCredential:
    """A credential that requests each token once while it is valid, for all clients.

    azure-identity leaves caching to each client, which with the Azure CLI means a process for every client and scope.
    """

    def __init__(self, inner: _Credential) -> None:
        self._inner = inner
        self._tokens: dict[tuple[str, ...], AccessTokenInfo] = {}
        self._locks: dict[tuple[str, ...], asyncio.Lock] = {}

    def for_a_client(self) -> "ClientsCredential":
        """Return the credential for one client, which may be told that its token is no longer accepted."""
        return ClientsCredential(self)

    async def get_token_info(self, *scopes: str, options: Any = None, refused: str = "") -> "AccessTokenInfo":
        """Return a token for these scopes. `options` with the claims of a challenge request a new one, unless the token
        `refused` has been replaced already."""
        asked = dict(options or {})
        key = (*scopes, str(asked.get("tenant_id") or ""))
        async with self._locks.setdefault(key, asyncio.Lock()):
            kept = self._tokens.get(key)
            accepted = kept and (not asked.get("claims") or (refused and kept.token != refused))
            if kept and accepted and kept.expires_on - time.time() > _FRESH:
                return kept
            self._tokens[key] = await self._inner.get_token_info(*scopes, options=options)
            mask(self._tokens[key].token)
            return self._tokens[key]

    async def close(self) -> None:
        """Close the credential."""
        await self._inner.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


class ClientsCredential:
    """The credential of one client. Azure challenges each client whose token is no longer accepted: the first of them
    requests a new one, and the others get that one instead of signing in themselves."""

    def __init__(self, kept: CachedCredential) -> None:
        self._kept = kept
        self._given: dict[tuple[str, ...], str] = {}

    async def get_token_info(self, *scopes: str, options: Any = None) -> "AccessTokenInfo":
        """Return a token for these scopes; `options` with claims mean that the last token was refused."""
        refused = REFUSED.get() or self._given.get(scopes, "")
        info = await self._kept.get_token_info(*scopes, options=options, refused=refused)
        self._given[scopes] = info.token
        return info

    async def get_token(
        self, *scopes: str, claims: str | None = None, tenant_id: str | None = None, **_: Any
    ) -> Any:
        """Return a token in the older form, for clients that still use it."""
        from azure.core.credentials import AccessToken  # imported by now

        wanted = {"claims": claims, "tenant_id": tenant_id}
        info = await self.get_token_info(*scopes, options={k: v for k, v in wanted.items() if v})
        return AccessToken(info.token, info.expires_on)

    async def close(self) -> None:
        """Do nothing: the shared credential stays open for the other clients."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass


class _Threaded:
    """A synchronous credential (device code and browser have no other form), called in a thread of its own.

    Nothing waits for the end of that thread: it polls until the user has signed in or the code has expired, after 15
    minutes, and cannot be stopped.
    """

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    async def get_token_info(self, *scopes: str, options: Any = None) -> "AccessTokenInfo":
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[AccessTokenInfo] = loop.create_future()

        def resolve(how: Callable[[Any], None], what: Any) -> None:
            with suppress(RuntimeError):  # the loop is closed, and nothing waits for the token
                loop.call_soon_threadsafe(lambda: None if answer.done() else how(what))

        def ask() -> None:
            try:
                found = self._inner.get_token_info(*scopes, options=options)
            except Exception as error:  # noqa: BLE001 - it is raised to the caller
                resolve(answer.set_exception, error)
            else:
                resolve(answer.set_result, found)

        context = contextvars.copy_context()
        threading.Thread(target=context.run, args=(ask,), name="sign-in", daemon=True).start()
        return await answer

    async def close(self) -> None:
        self._inner.close()


def make_credential(
    kind: CredentialKind,
    cloud: Cloud,
    environment: Mapping[str, str],
    proxies: Proxies,
    transport: Callable[[], "AsyncHttpTransport[Any, Any]"],
    policies: Callable[[], list[Any]],
    on_instruction: Callable[[str], None],
) -> CachedCredential:
    """Return the credential of a kind; nothing is sent yet.

    `transport` and `policies` create the pipeline of its requests to Microsoft Entra. `on_instruction` receives the instructions of
    a device-code sign-in. Raise AzureError if the environment lacks what the kind needs.
    """
    environment = _checked(environment)
    chosen = _by_evidence(environment) if kind == "auto" else kind
    tenant = environment.get("AZURE_TENANT_ID", "")
    common: dict[str, Any] = {
        "authority": cloud.authority,
        "disable_instance_discovery": not _well_known(cloud),
    }
    inner: Any
    match chosen:
        case "environment":
            inner = _from_environment(
                environment, common | {"policies": policies(), "transport": transport()}
            )
        case "workload-identity":
            from wizard.cloud.client_credential import ClientCredential, assertion  # late: the SDKs' core
            from wizard.cloud.credential_files import federated_token

            _demand(environment, chosen, "AZURE_TENANT_ID", "AZURE_CLIENT_ID", _TOKEN_FILE)
            inner = ClientCredential(
                cloud.authority,
                tenant,
                environment["AZURE_CLIENT_ID"],
                assertion(federated_token(_TOKEN_FILE, environment[_TOKEN_FILE])),
                transport=transport(),
                policies=policies(),
            )
        case "managed-identity":
            from azure.identity.aio import ManagedIdentityCredential  # imported by now: libraries_of

            client = environment.get("AZURE_CLIENT_ID")
            inner = ManagedIdentityCredential(client_id=client, transport=transport())
        case "azure-cli":
            inner = _from_azure_cli(environment, tenant)
        case "device-code":
            inner = _device_code(tenant, common | _network(cloud, environment, proxies), on_instruction)
        case _:
            from azure.identity import InteractiveBrowserCredential

            options = (
                common | _network(cloud, environment, proxies) | ({"tenant_id": tenant} if tenant else {})
            )
            inner = _Threaded(InteractiveBrowserCredential(**options))
    return CachedCredential(inner)


def libraries_of(kind: CredentialKind, environment: Mapping[str, str]) -> tuple[str, ...]:
    """Return the modules to import before `make_credential`: most ways to sign in do not need azure-identity."""
    chosen = _by_evidence(environment) if kind == "auto" else kind
    if chosen == "azure-cli":
        return ()
    with_secret = chosen == "environment" and not environment.get(_CERTIFICATE)
    own = with_secret or chosen == "workload-identity"
    return ("wizard.cloud.client_credential" if own else "azure.identity.aio",)


def identity_of(token: str) -> SignedIn:
    """Return whose token for Azure Resource Manager this is, from its claims (which Azure verifies, not this program)."""
    try:
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, ValueError, binascii.Error):
        claims = None
    if not isinstance(claims, dict):
        raise _cannot_sign_in("The token of the sign-in does not name an identity.")
    user = claims.get("upn") or claims.get("preferred_username") or claims.get("unique_name")
    is_application = claims.get("idtyp") == "app" or not user
    name = f"application {claims.get('appid', 'unknown')}" if is_application else str(user)
    return SignedIn(
        object_id=str(claims.get("oid", "")),
        tenant_id=str(claims.get("tid", "")),
        principal_type="ServicePrincipal" if is_application else "User",
        name=sanitize(name),
    )


def _by_evidence(environment: Mapping[str, str]) -> CredentialKind:
    """Return the kind that the environment is set up for, or the Azure CLI."""
    if environment.get("AZURE_CLIENT_ID") and (environment.get(_SECRET) or environment.get(_CERTIFICATE)):
        return "environment"
    if environment.get(_TOKEN_FILE):
        return "workload-identity"
    if in_cloud_shell(environment):
        return "azure-cli"  # its managed identity is the user; `az` has that sign-in too, or the one of `az login`
    if environment.get("IDENTITY_ENDPOINT") or environment.get("MSI_ENDPOINT"):
        return "managed-identity"
    names = ("AZURE_CLIENT_ID", _SECRET, _CERTIFICATE, _TOKEN_FILE)
    given = [name for name in names if environment.get(name)]
    empty = [name for name in names if environment.get(name) == ""]
    if given and empty:  # not the sign-in of another identity instead
        raise _cannot_sign_in(f"{given[0]} is set, but {empty[0]} is empty.", f"Set {empty[0]}")
    return "azure-cli"


def _checked(environment: Mapping[str, str]) -> Mapping[str, str]:
    """Return the environment without the white space around ids and paths (of a secret, it may be a part).

    Raise AzureError if an id has characters that none has.
    """
    tidied = {
        name: value.strip() for name in (*_IDS, _TOKEN_FILE, _CERTIFICATE) if (value := environment.get(name))
    }
    for name in _IDS:
        if (value := tidied.get(name)) and not _ID.fullmatch(value):
            raise AzureError(
                Problem(
                    "input",
                    f"{name} is not valid.",
                    f"Its value is {sanitize(value)!r}.",
                    f"Set {name} to the ID alone, without quotes or other characters.",
                )
            )
    return {**environment, **tidied}


def _from_environment(environment: Mapping[str, str], common: dict[str, Any]) -> Any:
    _demand(environment, "environment", "AZURE_TENANT_ID", "AZURE_CLIENT_ID")
    tenant, client = environment["AZURE_TENANT_ID"], environment["AZURE_CLIENT_ID"]
    if path := environment.get(_CERTIFICATE):
        from azure.identity import aio  # imported by now: libraries_of

        from wizard.cloud.credential_files import CredentialFileError, certificate, not_a_certificate

        password = environment.get("AZURE_CLIENT_CERTIFICATE_PASSWORD")
        try:
            content = certificate(_CERTIFICATE, path)
            return aio.CertificateCredential(
                tenant, client, certificate_data=content, password=password, **common
            )
        except CredentialFileError as error:
            raise AzureError(error.problem) from error
        except (ValueError, TypeError) as error:
            raise AzureError(not_a_certificate(_CERTIFICATE, path).problem) from error
    _demand(environment, "environment", _SECRET)
    from wizard.cloud.client_credential import ClientCredential, secret  # late: it imports the SDKs' core

    return ClientCredential(
        common["authority"],
        tenant,
        client,
        secret(environment[_SECRET]),
        transport=common["transport"],
        policies=common["policies"],
    )


def _device_code(tenant: str, common: dict[str, Any], on_instruction: Callable[[str], None]) -> _Threaded:
    from azure.identity import DeviceCodeCredential  # late: only needed for this kind

    def prompt(uri: str, code: str, _expires: object) -> None:
        on_instruction(sanitize(f"To sign in, open {uri} in a browser and enter the code {code}."))

    options: dict[str, Any] = common | ({"tenant_id": tenant} if tenant else {})
    return _Threaded(DeviceCodeCredential(prompt_callback=prompt, **options))


def _network(cloud: Cloud, environment: Mapping[str, str], proxies: Proxies) -> dict[str, Any]:
    """Return the proxy and certificates for a synchronous credential, which cannot use the shared session."""
    proxy = proxies.for_host(urlsplit(cloud.authority).hostname or "")
    return {
        "connection_verify": ca_bundle(environment) or True,
        "proxies": {"https": proxy.whole} if proxy else None,
        "use_env_settings": False,
    } | synchronous_transport(environment)


def _well_known(cloud: Cloud) -> bool:
    """Return whether Microsoft's instance discovery knows the authority."""
    return cloud.authority in {
        "https://login.microsoftonline.com",
        "https://login.microsoftonline.us",
        "https://login.chinacloudapi.cn",
    }


def _demand(environment: Mapping[str, str], kind: str, *names: str) -> None:
    missing = [name for name in names if not environment.get(name)]
    if missing:
        raise _cannot_sign_in(
            f"The credential {kind} needs {', '.join(missing)}, which the environment does not set.",
            f"Set {', '.join(missing)}, run `az login`",
        )


def _from_azure_cli(environment: Mapping[str, str], tenant: str) -> Any:
    from wizard.cloud.azure_cli import AzureCliCredential  # late: only needed for this kind

    if path := program("az", environment):
        return AzureCliCredential(path, environment, tenant)
    if other := rejected_executable("az", environment):
        raise _cannot_sign_in(
            f"{sanitize(other)} is not run: its folder is writable by everyone, or is not an absolute path on PATH."
        )
    raise _cannot_sign_in(
        "The Azure CLI is not installed, and the environment is not set up for another credential."
    )


def _cannot_sign_in(cause: str, remedy: str = "Run `az login`") -> AzureError:
    return AzureError(
        Problem(
            "sign-in",
            "You are not signed in to Azure.",
            cause,
            f"{remedy}, or add --credential device-code, which needs no other program.",
        )
    )
