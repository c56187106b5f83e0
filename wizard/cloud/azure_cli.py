"""Signs in with the Azure CLI: `az` itself returns the tokens of the user who ran `az login`.

azure-identity has such a credential too. It takes the first `az` on PATH, passes it every secret of the environment, and
reads all that it prints; this one runs `az` as `wizard.system.processes` runs every program. The command, and how its output
and errors are read, are the same (azure-identity 1.25, `_credentials/azure_cli.py`).
"""

import base64
import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from azure.core.credentials import AccessTokenInfo
from azure.core.exceptions import ClientAuthenticationError

from wizard.cloud import cloud_shell, entra
from wizard.errors import OutputLimitError, Problem
from wizard.system.processes import Printed, child_environment, run
from wizard.system.sanitize import sanitize, without_secret

_TIME_LIMIT = 60.0
"""Seconds; the Azure CLI takes half a second, and much longer on a busy machine."""

_KEPT = (
    *("HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "ALL_PROXY"),
    *("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"),
    *("AZURE_CONFIG_DIR", "AZURE_EXTENSION_DIR", "AZURE_CLOUD_NAME", "AZURE_CORE_INSTANCE_DISCOVERY"),
    *("DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR"),  # for tokens in a keyring
    *cloud_shell.VARIABLES,
)
"""Environment variables that `az` needs besides those of every program: proxies, certificates, and the place of its sign-in.

AZURE_CLI_DISABLE_CONNECTION_VERIFICATION is not among them: without verified certificates, the server is not known.
"""

_ELSEWHERE = "or add --credential device-code, which needs no other program."
_ARGUMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]*")
"""The characters of a scope and a tenant. Part of them may come from a vault's challenge."""
_SECRET = re.compile(r"eyJ[\w.-]+|(?<=\"accessToken\": \")[^\"]*")


class AzureCliError(ClientAuthenticationError):
    """The Azure CLI returned no token; `problem` says why, and what to do."""

    def __init__(self, cause: str, remedy: str, said: str = "", *, elsewhere: bool = True) -> None:
        """`remedy` is without a full stop; `elsewhere`: another credential may help as well."""
        remedy = f"{remedy}, {_ELSEWHERE}" if elsewhere else f"{remedy}."
        self.problem = Problem("sign-in", "The Azure CLI returned no token.", cause, remedy, azure_said=said)
        super().__init__(message=cause)


class AzureCliCredential:
    """The credential `azure-cli`. It runs `az` for each token."""

    def __init__(
        self, path: str, environment: Mapping[str, str], tenant: str, *, time_limit: float = _TIME_LIMIT
    ) -> None:
        """`path` is the absolute path of `az`; `tenant` the one to sign in to, or empty for the Azure CLI's default;
        `time_limit` is in seconds."""
        self._path = path
        self._environment = child_environment(environment, *_KEPT) | {"AZURE_CORE_NO_COLOR": "true"}
        self._tenant = tenant
        self._limit = time_limit

    async def get_token_info(self, *scopes: str, options: Any = None) -> AccessTokenInfo:
        """Return a token for one scope. Raise AzureCliError."""
        asked = dict(options or {})
        [scope] = scopes
        resource = scope.removesuffix("/.default")
        tenant = self._tenant or str(asked.get("tenant_id") or "")
        wanted = str(asked.get("tenant_id") or tenant)
        if wanted.casefold() != tenant.casefold():
            raise AzureCliError(
                f"A token for the tenant {sanitize(wanted)} is needed, but AZURE_TENANT_ID is {sanitize(tenant)}.",
                "Set AZURE_TENANT_ID to that tenant, or unset it",
            )
        for argument in (resource, *([tenant] if tenant else [])):
            if not _ARGUMENT.fullmatch(argument):
                raise AzureCliError(
                    f"{sanitize(argument)!r} has characters that are not valid in a tenant or an Azure URL.",
                    "Check AZURE_TENANT_ID and the Azure endpoint",
                )
        if claims := asked.get("claims"):
            challenge = base64.b64encode(str(claims).encode()).decode()
            raise AzureCliError(
                "A Conditional Access policy of the tenant requires another sign-in, or the sign-in was revoked.",
                f'Run `az login --claims-challenge "{challenge}"` (Azure CLI 2.76.0 or later)',
            )
        command = [self._path, "account", "get-access-token", "--output", "json", "--resource", resource]
        printed = await self._ask([*command, *(["--tenant", tenant] if tenant else [])])
        if printed.code:
            raise self._refused(printed, tenant, scope)
        if token := _token(printed.output):
            return token
        raise AzureCliError(
            f"{self._path} did not print a token in the format of `az account get-access-token`.",
            "Run that command to see its output",
        )

    async def close(self) -> None:
        """Do nothing: there is nothing to close."""

    async def _ask(self, command: list[str]) -> Printed:
        try:
            return await run(command, self._environment, within=self._limit)
        except TimeoutError:
            why = f"{self._path} did not answer within {self._limit:g} s."
        except OutputLimitError:
            why = f"{self._path} printed too much."
        except OSError as error:
            why = f"{self._path} cannot be run: {error.strerror or error}."
        raise AzureCliError(why, "Run `az version` to test it")

    def _refused(self, printed: Printed, tenant: str, scope: str) -> AzureCliError:
        told = _SECRET.sub("(redacted)", printed.errors.decode("utf-8", "replace"))
        said = sanitize(without_secret(told)).strip()
        login = f"az login --tenant {tenant}" if tenant else "az login"
        if known := entra.refusal(said, tenant=tenant, scope=scope):
            return AzureCliError(*known, said, elsewhere=False)
        if "AADSTS" not in said and ("az login" in said or "az account set" in said):
            why, remedy = "The Azure CLI is not signed in.", f"Run `{login}`"
        elif printed.code == _USAGE:
            why, remedy = "The Azure CLI may be too old for this command.", "Run `az upgrade`"
        else:
            why = (
                "Microsoft Entra did not accept the saved sign-in of the Azure CLI, or could not be reached."
            )
            remedy = f"Run `{login}` again"
        return AzureCliError(why, remedy, said)


_USAGE = 2
"""The exit code of `az` for invalid arguments."""


def _token(output: bytes) -> AccessTokenInfo | None:
    """Return the token that `az account get-access-token` printed; None if the output is not one.

    Azure CLI before 2.54 gives the expiry in local time only.
    """
    try:
        body = json.loads(output)
        ends = body.get("expires_on")
        if ends is None:
            ends = datetime.strptime(body["expiresOn"], "%Y-%m-%d %H:%M:%S.%f").timestamp()  # noqa: DTZ007 - local
        token = body["accessToken"]
        return AccessTokenInfo(token, int(ends)) if isinstance(token, str) and token else None
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
        return None
