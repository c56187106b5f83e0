"""Why Microsoft Entra refused a sign-in, and what to do: by the AADSTS code in its message (docs/azure.md#sign-in)."""

import re
from typing import NamedTuple
from urllib.parse import urlsplit


class Why(NamedTuple):
    """The cause of a refusal, and the remedy without a full stop."""

    cause: str
    remedy: str


_CODE = re.compile(r"AADSTS(\d+)")
_KEY_VAULT_APPLICATION, _KEY_VAULT = (
    "cfa8b339-82a2-471a-a3c9-0fc0be7a4093",
    "https://vault.azure.net/.default",
)
_AUDIENCE = re.compile(rf"to access '(https://[^'\s]+/\.default|{_KEY_VAULT_APPLICATION})'")
"""What a token was refused for, in Entra's words: a scope, or the ID of Key Vault's application."""
_AGAIN = "Run `az login{tenant}` again"
_MFA = Why(
    "The tenant requires multi-factor authentication for this sign-in.",
    "Run `az login{tenant} --scope {scope}` and complete it. A pipeline needs a service principal or a managed identity",
)
_BLOCKED = Why(
    "A Conditional Access policy of the tenant blocks this sign-in.",
    "Ask the Microsoft Entra administrator, who finds the policy in the sign-in logs; or sign in from a device and network "
    "that it allows",
)
_EXPIRED = Why("The saved sign-in has expired or was revoked.", _AGAIN)
_NO_CREDENTIAL = Why(
    "The application has no federated credential for this token's issuer and subject.",
    "Add one with the issuer, subject and audience that Entra names",
)
_KNOWN: dict[str, Why] = {
    **dict.fromkeys(("50072", "50074", "50076", "50078", "50079", "50158"), _MFA),
    **dict.fromkeys(
        ("53000", "53001", "53002", "53003", "53004", "53011", "530003", "530032", "530035"), _BLOCKED
    ),
    **dict.fromkeys(("50132", "50133", "50173", "70008", "70043", "70044", "700082", "700084"), _EXPIRED),
    **dict.fromkeys(("70021", "700211", "700212", "700213"), _NO_CREDENTIAL),
    "500011": Why(
        "The token was requested for a service that the tenant does not have: the sign-in goes to another cloud or tenant than "
        "Azure does.",
        "Compare `az cloud show --query name` with --cloud, and AZURE_TENANT_ID with the subscription's tenant",
    ),
    "700024": Why(
        "The client assertion has expired. A pipeline's OIDC token is valid for some minutes only.",
        "Sign in again in the job (`azure/login` in GitHub Actions), then try again; `aks-kms runs resume` continues a run",
    ),
    "700016": Why(
        "The tenant has no application with this client ID.",
        "Check AZURE_CLIENT_ID, and whether AZURE_TENANT_ID is its tenant",
    ),
    "7000215": Why(
        "The client secret is wrong. It may be the secret's ID instead of its value.",
        "Set AZURE_CLIENT_SECRET to the secret's value",
    ),
    "7000112": Why(
        "The application is disabled in this tenant.", "Ask its owner to enable it, or use another identity"
    ),
    "7000229": Why(
        "The application has no service principal in this tenant.",
        "Ask an administrator of the tenant for it (`az ad sp create --id CLIENT_ID`), or set AZURE_TENANT_ID to its own tenant",
    ),
    "700027": Why(
        "The certificate of the client is not one of the application's, or it has expired.",
        "Add the certificate to the application, or set AZURE_CLIENT_CERTIFICATE_PATH to the one that it has",
    ),
    "50057": Why(
        "The account is disabled.", "Sign in with another account, or ask its administrator to enable it"
    ),
    "50055": Why("The password has expired.", "Change it in a browser, then run `az login{tenant}` again"),
    "7000222": Why(
        "The client secret has expired.",
        "Create another one (`az ad app credential reset --append --id CLIENT_ID`) and set AZURE_CLIENT_SECRET to it",
    ),
    "90002": Why("There is no such tenant in this cloud.", "Check AZURE_TENANT_ID and --cloud"),
    **dict.fromkeys(
        ("50020", "50034", "90072"),
        Why(
            "The account does not exist in this tenant.",
            "Run `az login{tenant}` with an account of the tenant",
        ),
    ),
}


def refusal(said: str, *, tenant: str = "", scope: str = "") -> Why | None:
    """Return what Entra's message means; None if its code is not known here.

    `tenant` is what to sign in to, if it is known, and `scope` the token that was requested.
    """
    known = next((_KNOWN[code] for code in _CODE.findall(said) if code in _KNOWN), None)
    if known is None:
        return None
    option = f" --tenant {tenant}" if tenant else ""
    if not scope and (audience := _AUDIENCE.search(said)):
        scope = _KEY_VAULT if audience[1] == _KEY_VAULT_APPLICATION else audience[1]
    return Why(
        known.cause, known.remedy.replace("{tenant}", option).replace("{scope}", scope or cli_scope(""))
    )


def cli_scope(address: str) -> str:
    """Return the scope of the Azure CLI's own tokens for the Azure Resource Manager at this address."""
    host = urlsplit(address).hostname or ""
    suffix = next(
        (each for each in ("usgovcloudapi.net", "chinacloudapi.cn") if host.endswith(each)), "windows.net"
    )
    return f"https://management.core.{suffix}//.default"
