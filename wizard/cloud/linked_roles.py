"""The smallest built-in roles for actions on resources that another one names: docs/permissions.md. Pure."""

_ROLES = {
    "userassignedidentities/assign": "Managed Identity Operator",
    "privatednszones/": "Private DNS Zone Contributor",
    "microsoft.network/": "Network Contributor",
    "diskencryptionsets/read": "Reader",
    "microsoft.operationalinsights/workspaces/": "Log Analytics Contributor",
}
"""By a part of an action in lower case, of which the first counts."""


def linked_role(action: str) -> str:
    """Return the smallest built-in role for such an action; empty if it is not known."""
    return next((role for part, role in _ROLES.items() if part in action.casefold()), "")
