"""From an error of the SDKs to a problem with a cause and a remedy. Source of the codes: AZURE.md §1, §3, §4."""

from dataclasses import dataclass, replace
from typing import Any, Literal

from wizard.cloud.problems import Problem, ProblemKind
from wizard.cloud.throttling import TOO_MANY, retry_after
from wizard.system.sanitize import sanitize, without_secret


@dataclass(frozen=True)
class _Known:
    """What is known of one of Azure's error codes."""

    cause: str
    remedy: str
    kind: ProblemKind = "azure"
    retryable: bool = False


_ROLE_TAKES_TIME = (
    "Role assignments take minutes to take effect, and rarely up to an hour; wait, then try again."
)

_STATE = "OperationNotAllowed"
_NOT_ALLOWED = _Known(
    "The state of the resource does not allow this operation.",
    "Fix the issue that Azure reports, then try again.",
)
_KNOWN: dict[str, _Known] = {
    # Azure Resource Manager
    "AuthorizationFailed": _Known(
        "Whoever is signed in does not hold a role that allows this.",
        "Ask an owner of the scope for the role, or sign in as somebody who has it. If it was granted just now, sign in again.",
        "input",
    ),
    "DenyAssignmentAuthorizationFailed": _Known(
        "A deny assignment takes this right away, whatever roles are held.",
        "Have whoever made it (a managed application or a deployment stack) exclude you, or work elsewhere.",
        "input",
    ),
    "LinkedAuthorizationFailed": _Known(
        "Putting a user-assigned identity on a cluster needs Microsoft.ManagedIdentity/userAssignedIdentities/assign/action.",
        "Ask for the role Managed Identity Operator on the identity, then try again.",
        "input",
    ),
    "ResourceGroupNotFound": _Known("", "Check the resource group's name and the subscription.", "input"),
    "ResourceNotFound": _Known("", "Check the name, the resource group and the subscription.", "input"),
    "SubscriptionNotFound": _Known(
        "The subscription does not exist, or whoever is signed in cannot see it.",
        "Choose one that `az account list -o table` shows, or sign in to its tenant.",
        "input",
    ),
    "InvalidAuthenticationTokenTenant": _Known(
        "The sign-in is for another tenant than the subscription's.",
        "Set AZURE_TENANT_ID to the subscription's tenant, or sign in with `az login --tenant`.",
        "sign-in",
    ),
    "InvalidAuthenticationToken": _Known("The token was not accepted.", "Sign in again.", "sign-in"),
    "ExpiredAuthenticationToken": _Known("The token has expired.", "Sign in again.", "sign-in"),
    "ScopeLocked": _Known(
        "A lock on the resource, its group or its subscription forbids the change.",
        "Have the lock removed (`az lock list`), then try again.",
    ),
    "RequestDisallowedByPolicy": _Known(
        "An Azure Policy assignment denies it. Updating a cluster re-validates its node resource group as well.",
        "Have the policy named above exempt the cluster and its node resource group, then try again.",
    ),
    **dict.fromkeys(
        ("InvalidResourceType", "InvalidResourceNamespace", "NoRegisteredProviderFound"),
        _Known(
            "This cloud does not offer that type of resource in the API version that is needed; sovereign clouds get new "
            "versions later.",
            "Check --cloud; which versions there are, `az provider show --namespace NAMESPACE` tells. Until it is among "
            "them, nothing can be said or done here.",
        ),
    ),
    "MissingSubscriptionRegistration": _Known(
        "The resource provider is not registered in the subscription.",
        "Register it with `az provider register --namespace NAMESPACE --wait`, then try again.",
    ),
    "TooManyRequests": _Known(
        "Azure is throttling requests.", "Wait a minute, then try again.", "transient", True
    ),
    "Throttled": _Known("AKS is throttling requests.", "Wait a minute, then try again.", "transient", True),
    # AKS
    "OperationNotAllowed": _Known(
        "Another operation on the cluster is in progress.",
        "Wait until `az aks show --query provisioningState` says Succeeded, then try again.",
        "transient",
        True,
    ),
    "QuotaExceeded": _Known(
        "The request exceeds a quota of the subscription.",
        "Request a higher quota for the subscription and region (portal: Quotas), then try again.",
    ),
    "EtagMismatch": _Known(
        "Something else changed the cluster at the same moment.",
        "Try again; the plan is made anew.",
        "transient",
        True,
    ),
    **dict.fromkeys(
        ("PreconditionFailed", "PreConditionFailed"),  # Azure's answers and its documents do not agree
        _Known(
            "The cluster was changed after it was read.",
            "Try again; the plan is made anew.",
            "transient",
            True,
        ),
    ),
    "OriginalEtagNotExpect": _Known(
        "Another operation took precedence.", "Wait until it has finished, then try again.", "transient", True
    ),
    "AzureKeyVaultKmsValidateIdentityPermissionCustomerError": _Known(
        "The cluster's identity cannot encrypt and decrypt with the key: its role has not taken effect yet, the vault does "
        "not use Azure RBAC, the key is not RSA or lacks these operations, or the vault's firewall refuses.",
        f"{_ROLE_TAKES_TIME} If it stays, verify the cluster here to see which of the causes it is.",
        retryable=True,
    ),
    "InternalOperationError": _Known(
        "AKS could not finish. Where the key is your own, most often because it could not reach or use it.",
        "Where the key is your own, check the identity's roles and, of a private vault, the firewall (bypass "
        "AzureServices); then try again.",
        retryable=True,
    ),
    "FailedIdentityOperation": _Known(
        "A user-assigned identity of the cluster does not exist (any more), or may not be put on it.",
        "Name an identity that exists in identity.name, or give the cluster another one (`az aks update "
        "--enable-managed-identity --assign-identity IDENTITY_ID`).",
        "input",
    ),
    "LocationNotAvailableForResourceType": _Known(
        "Azure does not offer this in that region to this subscription.",
        "Choose another region: `az account list-locations -o table`.",
        "input",
    ),
    "K8sVersionNotSupported": _Known(
        "The region does not offer that version of Kubernetes, or under long-term support only.",
        "Choose one that `az aks get-versions` shows.",
        "input",
    ),
    "ManagedClusterCountExceedsQuotaLimit": _Known(
        "The subscription has as many clusters in the region as it may.",
        "Ask for more quota, or use another region.",
    ),
    # Key Vault
    "ForbiddenByRbac": _Known(
        "The caller holds no role on the vault's data plane that allows this, or it has not taken effect yet.",
        _ROLE_TAKES_TIME,
        retryable=True,
    ),
    "ForbiddenByFirewall": _Known(
        "The vault's firewall does not let this machine in.",
        "Create the key with key.create_through: resource-manager, which needs no way into the vault; or allow this "
        "machine's address in the vault's firewall for the time being.",
    ),
    "ForbiddenByConnection": _Known(
        "Public network access to the vault is disabled.",
        "Create the key with key.create_through: resource-manager, which needs no way into the vault.",
    ),
    "AccessDenied": _Known(
        "The vault decides by access policies, and none of them lets the caller do this.",
        "Have one added (`az keyvault set-policy`), or wait some minutes where it was added just now.",
        retryable=True,
    ),
    "ForbiddenByPolicy": _Known(
        "An Azure Policy on the vault's keys denies it: such a one may ask for a longer key (key.size), a key in hardware "
        "(key.type: RSA-HSM) or an expiry date.",
        "Ask for what it allows, make the key by other means and name it in key.name, or have the policy exempt the vault.",
    ),
    "VaultAlreadyExists": _Known(
        "Vault names are unique in all of Azure, and this one is taken, perhaps by a vault that was deleted recently.",
        "Choose another name for the vault.",
        "input",
    ),
    "ConflictError": _Known(
        "A deleted vault still holds the name.",
        "Recover it (`az keyvault recover --name NAME`), or choose another name.",
        "input",
    ),
    "ObjectIsDeletedButRecoverable": _Known(
        "A deleted key still holds the name.",
        "Recover it (`az keyvault key recover`) and plan again, or choose another name for the key.",
        "input",
    ),
    "VaultNameNotValid": _Known("", "Choose another name: 3 to 24 letters, digits and hyphens.", "input"),
    # Authorization
    "PrincipalNotFound": _Known(
        "A new identity takes a while to be known everywhere in Microsoft Entra.",
        "Wait a minute, then try again.",
        "transient",
        True,
    ),
    "RoleAssignmentLimitExceeded": _Known(
        "The subscription has as many role assignments as it may.",
        "Remove some that are no longer used, then try again.",
    ),
}

_MORE = {
    "azurekeyvaultkms feature does not support cluster identity": _Known(
        "A customer-managed key needs a cluster with a user-assigned identity.",
        "Plan again: the plan moves the cluster to a user-assigned identity.",
    ),
    "is not enabled. please see https://aka.ms/aks/previews": _Known(
        "The preview feature is not registered, or AKS has not taken notice of the registration yet.",
        "Run `az provider register --namespace Microsoft.ContainerService`, wait some minutes, then try again.",
        retryable=True,
    ),
}
"""Refusals that Azure tells apart only in their text: part of the text, in lower case."""


def problem_from(error: Exception, summary: str) -> Problem:
    """What went wrong, from an azure-core error; `summary` says in one sentence what was being attempted."""
    from azure.core import exceptions  # whoever caught one has it imported

    told = getattr(error, "problem", None)
    if isinstance(told, Problem):  # a credential of ours, which knows it all
        return replace(told, summary=summary)
    if isinstance(error, exceptions.HttpResponseError) and not isinstance(error, exceptions.DecodeError):
        return _refusal(error, summary)
    if isinstance(error, exceptions.DecodeError) or type(error).__name__ == "NotUnderstoodError":
        return _unreachable(
            error, summary, "Something else answered in Azure's place, or the answer came in pieces."
        )
    if isinstance(error, exceptions.ServiceRequestError | exceptions.ServiceResponseError):
        return _unreachable(error, summary, "Azure could not be reached, or its answer was lost.")
    return Problem(
        "azure",
        summary,
        "What came back is no answer of Azure's: something on the way (a proxy, a sign-in page) may have answered instead.",
        "Check the proxy (HTTPS_PROXY), then try again; if it stays, save the report and ask Azure support.",
        code=type(error).__name__,
        azure_said=sanitize(without_secret(str(error))),
        retryable=True,
    )


def _unreachable(error: Exception, summary: str, cause: str) -> Problem:
    remedy = "Check the network, the proxy (HTTPS_PROXY) and the CA bundle (SSL_CERT_FILE), then try again."
    if "Timeout" in type(error).__name__:
        remedy += " --timeout request=SECONDS gives each answer more time."
    return Problem(
        "unreachable",
        summary,
        cause,
        remedy,
        code=type(error).__name__,
        azure_said=sanitize(without_secret(str(error))),
        retryable=True,
    )


def code_of(error: Any) -> str:
    """Azure's own code: the most precise one that is known of those that an answer gives, inner errors and details included.

    An inner OperationNotAllowed is none of these: it stands in a detail of other errors, such as QuotaExceeded.
    A vault calls two refusals ForbiddenByPolicy: an Azure Policy's, and that of its own access policies, which is
    AccessDenied here, as older ones call it; its text tells them apart.
    """
    detail = error.error
    if detail is None:
        return ""
    inner = detail.innererror or {}
    precise = inner.get("code") if isinstance(inner, dict) else None
    candidates = (precise, *(item.code for item in detail.details or [] if item.code != "Unspecified"))
    found = next(
        (str(one) for one in candidates if isinstance(one, str) and one in _KNOWN.keys() - {_STATE}), None
    )
    if found == "ForbiddenByPolicy" and "does not have keys" in str(detail.message or ""):
        return "AccessDenied"
    return found or str(detail.code or "")


def _refusal(error: Any, summary: str) -> Problem:
    code = code_of(error)
    detail = error.error
    said = sanitize(str(detail.message if detail and detail.message else error.message or error.reason or ""))
    headers = error.response.headers if error.response is not None else {}
    known = _KNOWN.get(code) or next((k for text, k in _MORE.items() if text in said.lower()), None)
    if (
        code == _STATE and "in progress" not in said.casefold()
    ):  # a quota, or a state in which it is not allowed
        known = _KNOWN["QuotaExceeded"] if "quota" in said.casefold() else _NOT_ALLOWED
    if known is None and error.status_code == 401:
        return _not_signed_in(said, summary, code)
    passing = error.status_code in {408, 429, 500, 502, 503, 504}
    if known is None and _is_sign_in(error) and not passing:
        return _not_signed_in(said or without_secret(str(error)), summary, code)
    if known is None:
        kind: Literal["transient", "azure"] = "transient" if passing else "azure"
        known = _Known(
            "Azure had a passing fault." if passing else "Azure refused, and says why above.",
            "Try again in a few minutes." if passing else "Mend what Azure names, then try again.",
            kind,
            passing,
        )
    asked = retry_after(headers, unsaid=0) if error.status_code == TOO_MANY else 0
    more = f" Azure asks to wait {asked:.0f} s: --timeout throttling={asked:.0f} does." if asked >= 1 else ""
    return Problem(
        known.kind,
        summary,
        known.cause,
        known.remedy + more,
        code=sanitize(code) or f"HTTP {error.status_code}",
        azure_said=said,
        correlation_id=sanitize(
            headers.get("x-ms-correlation-request-id") or headers.get("x-ms-request-id") or ""
        ),
        retryable=known.retryable,
    )


def _is_sign_in(error: Any) -> bool:
    from azure.core.exceptions import ClientAuthenticationError  # imported by now

    return isinstance(error, ClientAuthenticationError) and error.status_code != 403


def _not_signed_in(said: str, summary: str, code: str = "") -> Problem:
    return Problem(
        "sign-in",
        summary,
        "Microsoft Entra did not accept the sign-in.",
        "Check AZURE_TENANT_ID, AZURE_CLIENT_ID and the secret, or run `az login`; --credential chooses another way.",
        code=sanitize(code),
        azure_said=sanitize(said).splitlines()[0] if said.strip() else "",
    )
