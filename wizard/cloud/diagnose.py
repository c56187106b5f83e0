"""Turns an SDK's error into a problem with a cause and a remedy. Source of the codes: docs/azure.md#refusals, docs/azure.md#key-vault, docs/azure.md#preview-features."""

import re
from contextlib import suppress
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any, Literal

from wizard.cloud import entra
from wizard.cloud.arm import documented_spelling
from wizard.cloud.credential import identity_of
from wizard.cloud.error_body import error_body
from wizard.cloud.linked_roles import linked_role
from wizard.cloud.throttling import TOO_MANY, retry_after
from wizard.errors import AzureError, Problem, ProblemKind
from wizard.system.sanitize import sanitize, without_secret


@dataclass(frozen=True)
class _Known:
    """The cause and remedy of one of Azure's error codes."""

    cause: str
    remedy: str
    kind: ProblemKind = "azure"
    retryable: bool = False


_WAIT_FOR_ROLE = "Role assignments take minutes to propagate, rarely up to an hour. Wait, then try again."

_STATE = "OperationNotAllowed"
_NOT_ALLOWED = _Known(
    "The state of the resource does not allow this operation.",
    "Fix the issue that Azure reports, then try again.",
)
_KNOWN: dict[str, _Known] = {
    # Azure Resource Manager
    "AuthorizationFailed": _Known(
        "The signed-in identity does not have a role that allows this action.",
        "Ask an owner of the scope for the role, or sign in as a user who has it. If it was assigned just now, sign in again.",
        "input",
    ),
    "DenyAssignmentAuthorizationFailed": _Known(
        "A deny assignment blocks this action regardless of role assignments.",
        "Ask the owner of the managed application or deployment stack to exclude you, or use a different scope.",
        "input",
    ),
    "LinkedAuthorizationFailed": _Known(
        "The request names another resource (such as an identity, a subnet or a DNS zone) on which the signed-in identity lacks a permission.",
        "Ask for a role with the action that Azure names on that resource, then try again.",
        "input",
    ),
    "ResourceGroupNotFound": _Known("", "Check the resource group's name and the subscription.", "input"),
    "ResourceNotFound": _Known("", "Check the name, the resource group and the subscription.", "input"),
    "SubscriptionNotFound": _Known(
        "The subscription does not exist, or the signed-in identity cannot see it.",
        "Choose one that `az account list --output table` shows, or sign in to its tenant.",
        "input",
    ),
    "ReadOnlyDisabledSubscription": _Known(
        "The subscription is disabled, so Azure refuses every write in it.",
        "Ask its billing owner to re-enable it, then try again.",
        "input",
    ),
    "InvalidAuthenticationTokenTenant": _Known(
        "You are signed in to another tenant than the subscription's.",
        "Set AZURE_TENANT_ID to the subscription's tenant, or run `az login --tenant` with it.",
        "sign-in",
    ),
    "InvalidAuthenticationToken": _Known("The token was not accepted.", "Sign in again.", "sign-in"),
    "ExpiredAuthenticationToken": _Known("The token has expired.", "Sign in again.", "sign-in"),
    "ScopeLocked": _Known(
        "A lock on the resource, its resource group or its subscription blocks the change.",
        "Ask an owner to remove the lock, then try again. To see it: az lock list{subscription}",
    ),
    "RequestDisallowedByPolicy": _Known(
        "An Azure Policy assignment denies the change. Updating a cluster validates its node resource group as well.",
        "Create an exemption from that policy for the cluster and its node resource group, then try again.",
    ),
    **dict.fromkeys(
        ("InvalidResourceType", "InvalidResourceNamespace", "NoRegisteredProviderFound"),
        _Known(
            "This cloud does not offer the resource type in the required API version. Sovereign clouds get new versions "
            "later.",
            "Check --cloud. Nothing can be read or changed until this cloud offers the required version.",
        ),
    ),
    "MissingSubscriptionRegistration": _Known(
        "The resource provider is not registered in the subscription.",
        "Register it, then try again: az provider register --namespace {namespace}{subscription} --wait",
    ),
    "TooManyRequests": _Known(
        "Azure is throttling requests.", "Wait a minute, then try again.", "transient", True
    ),
    "Throttled": _Known("AKS is throttling requests.", "Wait a minute, then try again.", "transient", True),
    # AKS
    "OperationNotAllowed": _Known(
        "Another operation on the cluster is in progress, or the cluster's state does not allow this one.",
        "Wait until the operation has ended, then try again.",
        "transient",
        True,
    ),
    "QuotaExceeded": _Known(
        "The request exceeds a quota of the subscription.",
        "Request a higher quota for the subscription and region (portal: Quotas), then try again.",
    ),
    "ErrCode_InsufficientVCPUQuota": _Known(
        "The nodes need more vCPUs than the subscription's quota in the region has left.",
        "Request a higher quota (portal: Quotas), or choose fewer nodes, another size or another region.",
        "input",
    ),
    **dict.fromkeys(
        (
            "CustomPrivateDNSZoneMissingPermissionError",
            "CustomKubeletIdentityMissingPermissionError",
            "ResourceMissingPermissionError",
        ),
        _Known(
            "The cluster's identity lacks a role on a resource that the cluster names: its private DNS zone, a subnet or its "
            "kubelet identity.",
            "Plan again: the plan names the missing role, with the command that assigns it. "
            + _WAIT_FOR_ROLE,
            retryable=True,
        ),
    ),
    "EtagMismatch": _Known(
        "The cluster was changed at the same time by another client.",
        "Try again with a new plan.",
        "transient",
        True,
    ),
    "PreconditionFailed": _Known(
        "The cluster was changed after it was read.",
        "Try again with a new plan.",
        "transient",
        True,
    ),
    "OriginalEtagNotExpect": _Known(
        "Another operation took precedence.", "Wait until it ends, then try again.", "transient", True
    ),
    "AzureKeyVaultKmsValidateIdentityPermissionCustomerError": _Known(
        "The cluster's identity cannot encrypt and decrypt with the key. Possible causes: its role assignment has not propagated; "
        "the vault does not use Azure RBAC; the key is not RSA or lacks these operations; the vault's firewall blocks AKS.",
        f"{_WAIT_FOR_ROLE} If the error persists, run `aks-kms verify` to find the cause.",
        retryable=True,
    ),
    "InternalOperationError": _Known(
        "The AKS operation failed. With a customer-managed key, the usual cause is that AKS cannot reach or use the key.",
        "With a customer-managed key, check the identity's role assignments and the firewall of a private vault (bypass "
        "AzureServices). Then try again.",
        retryable=True,
    ),
    "FailedIdentityOperation": _Known(
        "A user-assigned identity of the cluster does not exist, or cannot be assigned to it.",
        "Set identity.name to an existing identity, or assign another one to the cluster.",
        "input",
    ),
    "LocationNotAvailableForResourceType": _Known(
        "Azure does not offer this resource type in the region for this subscription.",
        "Choose another region: az account list-locations --output table",
        "input",
    ),
    "K8sVersionNotSupported": _Known(
        "The region does not offer this Kubernetes version, or offers it with long-term support only.",
        "Choose a version that the region offers, or omit cluster.create.kubernetes_version.",
        "input",
    ),
    "ManagedClusterCountExceedsQuotaLimit": _Known(
        "The subscription has reached its quota of clusters in the region.",
        "Request more quota, or use another region.",
    ),
    # Key Vault
    "ForbiddenByRbac": _Known(
        "The caller has no data-plane role on the vault that allows this action, or the role assignment has not propagated.",
        _WAIT_FOR_ROLE,
        retryable=True,
    ),
    "ForbiddenByFirewall": _Known(
        "The vault's firewall blocks this computer.",
        "Create the key with key.create_through: resource-manager, which does not need access to the vault. Or temporarily "
        "allow this computer's address in the vault's firewall.",
    ),
    "ForbiddenByConnection": _Known(
        "Public network access to the vault is disabled, by its owner or by an Azure Policy.",
        "Set vault.network_access: Private, and create the key with key.create_through: resource-manager, which does not need access to the vault.",
    ),
    "AccessDenied": _Known(
        "The key vault uses access policies, and none of them grants the caller this permission.",
        "Ask for an access policy with this permission, or wait some minutes if it was added just now.",
        retryable=True,
    ),
    "ForbiddenByPolicy": _Known(
        "An Azure Policy for keys denies the key. Such a policy may require a longer key (key.size), an HSM-backed key "
        "(key.type: RSA-HSM) or an expiry date.",
        "Choose a compliant key, create one yourself and set key.name to it, or create a policy exemption for the vault.",
    ),
    "VaultAlreadyExists": _Known(
        "Vault names are globally unique, and this one is in use, perhaps by a soft-deleted vault.",
        "Choose another name for the vault.",
        "input",
    ),
    "ConflictError": _Known(
        "A soft-deleted vault has this name, so the name is reserved.",
        "Recover it, or choose another name. To see it: az keyvault list-deleted{subscription} --resource-type vault",
        "input",
    ),
    "ObjectIsDeletedButRecoverable": _Known(
        "A soft-deleted key has this name, so the name is reserved.",
        "Recover it and plan again, or choose another name for the key.",
        "input",
    ),
    "VaultNameNotValid": _Known("", "Choose another name: 3 to 24 letters, digits and hyphens.", "input"),
    # Authorization
    "PrincipalNotFound": _Known(
        "A new identity takes some time to replicate in Microsoft Entra.",
        "Wait a minute, then try again.",
        "transient",
        True,
    ),
    "RoleAssignmentLimitExceeded": _Known(
        "The subscription has reached its limit of role assignments.",
        "Remove role assignments that are no longer used, then try again.",
    ),
}

_MORE = {
    "public network access is disabled and request is not from a trusted service": _KNOWN[
        "ForbiddenByConnection"
    ],
    "is not allowed in your subscription in location": _Known(
        "The subscription cannot use this VM size in the region.",
        "Choose another size or region; Azure's message names those that it may use.",
        "input",
    ),
    "azurekeyvaultkms feature does not support cluster identity": _Known(
        "A customer-managed key needs a cluster with a user-assigned identity.",
        "Plan again: the new plan changes the cluster to a user-assigned identity.",
    ),
    "is not enabled. please see https://aka.ms/aks/previews": _Known(
        "The preview feature is not registered, or the registration has not reached AKS yet.",
        "Run `az provider register --namespace Microsoft.ContainerService{subscription}`, wait some minutes, then try again.",
        retryable=True,
    ),
}
"""Refusals that differ only in their text, by a part of the text in lower case."""


def problem_from(error: Exception, summary: str) -> Problem:
    """Return the problem of an azure-core error; `summary` says in one sentence what did not succeed."""
    from azure.core import exceptions  # imported if one was caught

    told = getattr(error, "problem", None)
    if isinstance(told, Problem):  # one of our credentials, which describes the problem itself
        return replace(told, summary=summary)
    if isinstance(error, exceptions.HttpResponseError) and not isinstance(error, exceptions.DecodeError):
        return _refusal(error, summary)
    if isinstance(error, exceptions.DecodeError) or type(error).__name__ == "InvalidResponseError":
        return _unreachable(error, summary, "The response did not come from Azure or was incomplete.")
    if isinstance(error, exceptions.ServiceRequestError | exceptions.ServiceResponseError):
        return _refused_by_proxy(error, summary) or _unreachable(
            error, summary, "Azure could not be reached, or its response was lost."
        )
    return Problem(
        "azure",
        summary,
        "The response is not a valid Azure response. A proxy or a sign-in page may have intercepted the request.",
        "Check the proxy (HTTPS_PROXY), then try again. If the error persists, save the report and ask Azure support.",
        code=type(error).__name__,
        azure_said=sanitize(without_secret(str(error))),
        retryable=True,
    )


def _refused_by_proxy(error: Any, summary: str) -> Problem | None:
    """Return the problem of an error with which a proxy requires authentication (407); None for any other."""
    cause = error.inner_exception
    if getattr(cause, "status", None) != HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
        return None
    challenges = cause.headers.getall("Proxy-Authenticate", []) if cause.headers else []
    asked = [value.partition(" ")[0] for value in challenges]
    offered = sanitize(", ".join(asked))
    if asked and "basic" not in offered.casefold():
        why = f"The proxy requires authentication with {offered}, which aks-kms does not support: only Basic."
        remedy = (
            "Run a local proxy that signs in to the company's proxy, such as px or cntlm, and set HTTPS_PROXY to it. "
            "Or ask the proxy's administrator to exempt this computer."
        )
    else:
        why = "The proxy requires a user name and a password, or did not accept those that were given."
        remedy = "Set HTTPS_PROXY to http://USER:PASSWORD@HOST:PORT, then try again."
    said = sanitize(without_secret(str(error)))
    return Problem("unreachable", summary, why, remedy, code="HTTP 407", azure_said=said)


def _unreachable(error: Exception, summary: str, cause: str) -> Problem:
    remedy = "Check the network, the proxy (HTTPS_PROXY) and the CA bundle (SSL_CERT_FILE), then try again."
    if "Timeout" in type(error).__name__:
        remedy += " To wait longer for each response, use --timeout request=SECONDS."
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
    """Return Azure's code in a response, in its documented spelling: the outermost that has a remedy here, else the outermost.

    A code that stands for many causes gives way to a known one inside it, but not the reverse: an OperationNotAllowed inside a
    QuotaExceeded is about the quota (kata-containers#8484). A vault uses ForbiddenByPolicy for two refusals: of an Azure
    Policy, and of its own access policies. The latter is AccessDenied here, as in older vaults.
    """
    body = error_body(error)
    codes = [documented_spelling(each, _KNOWN) for each in body.codes]
    known = [each for each in codes if each in _KNOWN]
    found = next((each for each in known if each not in _VAGUE), None) or next(
        (each for each in known if each != _STATE or each == codes[0]), body.code
    )
    if found == "ForbiddenByPolicy" and "does not have keys" in body.message:
        return "AccessDenied"
    return found


_VAGUE = frozenset({_STATE, "InternalOperationError"})
"""Codes that stand for many causes."""


def _refusal(error: Any, summary: str) -> Problem:
    code = code_of(error)
    said = sanitize(error_body(error).message or error.message or error.reason or "")
    headers = error.response.headers if error.response is not None else {}
    known = _KNOWN.get(code) or next((k for text, k in _MORE.items() if text in said.lower()), None)
    if code == "LinkedAuthorizationFailed":
        known = _linked(said) or known
    if code == "RequestDisallowedByPolicy" and _ASKS_FOR_MFA.search(said):
        known = _mfa(error)
    if (
        code == _STATE and "in progress" not in said.casefold()
    ):  # a quota, or a state in which it is not allowed
        known = _KNOWN["QuotaExceeded"] if "quota" in said.casefold() else _NOT_ALLOWED
    if known is None and error.status_code == 401:
        return _not_signed_in(said, summary, code)
    transient = error.status_code in {408, 429} or (error.status_code or 0) >= 500
    if known is None and _is_sign_in(error) and not transient:
        return _not_signed_in(said or without_secret(str(error)), summary, code)
    if known is None:
        kind: Literal["transient", "azure"] = "transient" if transient else "azure"
        known = _Known(
            "Azure returned a transient error."
            if transient
            else "Azure refused the request; its message is above.",
            "Try again in a few minutes."
            if transient
            else "Fix the issue reported by Azure, then try again.",
            kind,
            transient,
        )
    asked = retry_after(headers, unsaid=0) if error.status_code == TOO_MANY else 0
    more = (
        f" Azure asks to wait {asked:.0f} s; to do so, use --timeout throttling={asked:.0f}."
        if asked >= 1
        else ""
    )
    return Problem(
        known.kind,
        summary,
        known.cause,
        _filled(known.remedy, said, error) + more,
        code=sanitize(code) or f"HTTP {error.status_code}",
        azure_said=said,
        correlation_id=sanitize(
            headers.get("x-ms-correlation-request-id") or headers.get("x-ms-request-id") or ""
        ),
        retryable=known.retryable,
    )


def _filled(remedy: str, said: str, error: Any) -> str:
    """Return a remedy with the subscription of the request and the namespace that Azure names in its commands."""
    subscription = _SUBSCRIPTION.search(str(getattr(getattr(error.response, "request", None), "url", "")))
    namespace = _NAMESPACE.search(said)
    return remedy.replace(
        "{subscription}", f" --subscription {subscription[1]}" if subscription else ""
    ).replace("{namespace}", namespace[1] if namespace else "NAMESPACE")


_SUBSCRIPTION = re.compile(r"/subscriptions/([0-9A-Fa-f-]{36})(?:/|\?|$)")
_NAMESPACE = re.compile(r"namespace '([A-Za-z]+(?:\.[A-Za-z]+)+)'")


def _is_sign_in(error: Any) -> bool:
    from azure.core.exceptions import ClientAuthenticationError  # imported by now

    return isinstance(error, ClientAuthenticationError) and error.status_code != 403


def _linked(said: str) -> _Known | None:
    """Return the cause and remedy with the action and the resource that Azure names, if its message has them."""
    if tenant := _OTHER_TENANT.search(said):
        return _Known(
            f"The request names a resource in the subscription {tenant['subscription']}, which the tenant {tenant['tenant']} of this "
            "sign-in may not use.",
            "Use resources of one tenant, or sign in to the tenant of that subscription, then try again.",
            "input",
        )
    found = _LINKED.search(said)
    if found is None:
        return None
    actions, scopes = (found[name].split("','") for name in ("actions", "scopes"))
    roles = list(dict.fromkeys(filter(None, map(linked_role, actions))))
    asked = f"the role {' and '.join(roles)}" if roles else "a role with this action"
    return _Known(
        f"The signed-in identity has no permission for {', '.join(actions)} on {', '.join(scopes)}, which the request names.",
        f"Ask for {asked} on it, then try again.",
        "input",
    )


_QUOTED = r"'(?P<{}>[^']+(?:','[^']+)*)'"
_LINKED = re.compile(
    rf"permission to perform action\(?s?\)? {_QUOTED.format('actions')} on the linked scope\(s\) {_QUOTED.format('scopes')}"
)
_OTHER_TENANT = re.compile(
    r"tenant '(?P<tenant>[^']+)' is not authorized to access linked subscription '(?P<subscription>[^']+)'"
)
_ARGUMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*")
_ASKS_FOR_MFA = re.compile(r"\bMFA\b|multi-?factor", re.IGNORECASE)


def _mfa(error: Any) -> _Known:
    """Return the cause and remedy of Azure's own policy that requires MFA for writes (azure-docs-cli#5403)."""
    request = getattr(error.response, "request", None)
    login = "az login"
    with suppress(AzureError, AttributeError):  # without a token, the tenant is not known
        token = str(request.headers.get("Authorization") or "").removeprefix("Bearer ")  # type: ignore[union-attr]
        if _ARGUMENT.fullmatch(tenant := identity_of(token).tenant_id):
            login += f" --tenant {tenant}"
    scope = entra.cli_scope(str(getattr(request, "url", "")))
    return _Known(
        "Azure requires multi-factor authentication for this change, and the sign-in was without it.",
        f"Run `{login} --scope {scope}`, complete the multi-factor authentication, then try again. A policy exemption does not "
        "help. A pipeline needs a service principal or a managed identity.",
        "sign-in",
    )


def _not_signed_in(said: str, summary: str, code: str = "") -> Problem:
    known = entra.refusal(said)
    cause, remedy = known or (
        "Microsoft Entra did not accept the sign-in.",
        "Check AZURE_TENANT_ID, AZURE_CLIENT_ID and the secret, or run `az login`, or use another --credential",
    )
    return Problem(
        "sign-in",
        summary,
        cause,
        f"{remedy}.",
        code=sanitize(code),
        azure_said=sanitize(said).splitlines()[0] if said.strip() else "",
    )
