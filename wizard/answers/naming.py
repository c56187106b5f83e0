"""Azure's naming rules, one function per resource type. Each returns None for a valid name, else what is wrong and what is valid.

Source: "Naming rules and restrictions for Azure resources" (Azure Resource Manager), and for managed clusters and
keys the patterns of the resource types themselves.
"""

import re
import unicodedata
from collections.abc import Collection


def _address(value: str, noun: str, kind: str) -> str | None:
    """Return what is wrong if the address or the id of a resource was given instead of its name, with the name in it.

    `kind` is the part of an id before the name.
    """
    if "/" not in value:
        return None
    found = re.search(rf"/{kind}/([^/?#]+)", value, re.IGNORECASE)
    hint = f": the name is {found[1]}" if found else ""
    return f"{value[:160]!r} is an address or ID, not a {noun}: use the name only{hint}."


def subscription(value: str) -> str | None:
    """Check a subscription ID: a GUID."""
    if re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", value):
        return None
    if found := re.match(r"/?subscriptions/([0-9a-fA-F-]{36})", value, re.IGNORECASE):
        return f"{value[:160]!r} is an address or ID: use the subscription ID only: {found[1]}."
    return f"{value!r} is not a subscription ID: enter the GUID shown by `az account list -o table`."


def location(value: str) -> str | None:
    """Check a region's short name."""
    if re.fullmatch(r"[a-z][a-z0-9]{2,49}", value):
        return None
    return f"{value!r} is not the short name of a region: use a name such as westeurope or westus2."


def resource_group(value: str) -> str | None:
    """Check 1-90 letters, digits, `-_.()`, not ending in a period."""
    if address := _address(value, "resource group name", "resourceGroups"):
        return address
    if len(value) > 90:
        return f"A resource group name has at most 90 characters; this one has {len(value)}."
    if value and all(c.isalnum() or c in "-_.()" for c in value) and not value.endswith("."):
        return None
    return f"{value!r} is not a valid resource group name: use letters, digits, - _ . ( ), and no period at the end."


def managed_cluster(value: str) -> str | None:
    """Check 1-63 letters, digits, `-_`, starting and ending with a letter or digit."""
    if address := _address(value, "managed cluster name", "managedClusters"):
        return address
    if re.fullmatch(r"[a-zA-Z0-9]([-_a-zA-Z0-9]{0,61}[a-zA-Z0-9])?", value):
        return None
    if len(value) > 63:
        return f"A managed cluster name has at most 63 characters; this one has {len(value)}."
    return (
        f"{value!r} is not a valid managed cluster name: use letters, digits, - and _, "
        "starting and ending with a letter or digit."
    )


def key_vault(value: str) -> str | None:
    """Check 3-24 letters, digits, hyphens; starts with a letter, ends with a letter or digit, no `--`; globally unique."""
    if "/" in value or "." in value:
        name = re.match(r"(?:https?://)?([^./]+)\.", value) or re.search(r"/vaults/([^/]+)/?$", value)
        hint = f": the name is {name[1]}" if name else ""
        return f"{value[:160]!r} is an address or ID, not a key vault name: use the name only{hint}."
    if not 3 <= len(value) <= 24:
        return f"A key vault name has 3 to 24 characters; this one has {len(value)}."
    if re.fullmatch(r"[a-zA-Z](?:-?[a-zA-Z0-9])*", value):
        return None
    return (
        f"{value!r} is not a valid key vault name: use letters, digits and single hyphens, "
        "starting with a letter and ending with a letter or digit."
    )


def key(value: str) -> str | None:
    """Check 1-127 letters, digits, hyphens; never a version."""
    if "/" in value:
        found = re.search(r"/keys/([^/?#]+)", value)
        hint = f": the name is {found[1]}" if found else ""
        return (
            f"{value[:160]!r} is a key identifier: enter the key name only, without vault and version{hint}. "
            "AKS gets the versionless identifier, so that it follows rotations."
        )
    if re.fullmatch(r"[a-zA-Z0-9-]{1,127}", value):
        return None
    if len(value) > 127:
        return f"A key name has at most 127 characters; this one has {len(value)}."
    return f"{value!r} is not a valid key name: use letters, digits and hyphens."


def user_assigned_identity(value: str) -> str | None:
    """Check 3-128 letters, digits, `-_`, starting with a letter or digit."""
    if address := _address(value, "user-assigned identity name", "userAssignedIdentities"):
        return address
    if not 3 <= len(value) <= 128:
        return f"A user-assigned identity name has 3 to 128 characters; this one has {len(value)}."
    if re.fullmatch(r"[a-zA-Z0-9][-_a-zA-Z0-9]*", value):
        return None
    return (
        f"{value!r} is not a valid user-assigned identity name: use letters, digits, - and _, "
        "starting with a letter or digit."
    )


def rotation_interval(value: str) -> str | None:
    """Check an ISO 8601 duration in days, weeks, months or years, of at least seven days (docs/azure.md#rotation-expiry-and-hsms)."""
    match = re.fullmatch(r"P(?:(\d{1,4})Y)?(?:(\d{1,4})M)?(?:(\d{1,4})W)?(?:(\d{1,4})D)?", value)
    if match is None or not any(match.groups()):
        return f"{value!r} is not a duration: use a value such as P90D, P6M or P1Y."
    years, months, weeks, days = (int(part or 0) for part in match.groups())
    if years * 365 + months * 28 + weeks * 7 + days < 7:
        return f"{value!r} is too short: Key Vault rotates a key at most every seven days."
    return None


def how_often(interval: str) -> str:
    """Return a rotation interval (`KeyState.rotates_every`, or an ISO 8601 duration) in words.

    `every year`, `every 90 days`, `30 days before expiry`; a duration of several units is returned unchanged.
    """
    part = re.fullmatch(r"P(\d+)([YMWD])( before expiry)?", interval)
    if part is None:
        return f"every {interval}" if interval.startswith("P") else interval
    unit = {"Y": "year", "M": "month", "W": "week", "D": "day"}[part[2]]
    words = unit if part[1] == "1" else f"{part[1]} {unit}s"
    return f"{'1 ' * (part[1] == '1')}{words}{part[3]}" if part[3] else f"every {words}"


def kubernetes_version(value: str) -> str | None:
    """Check a Kubernetes version: two or three numbers separated by periods."""
    if re.fullmatch(r"[0-9]{1,3}\.[0-9]{1,3}(\.[0-9]{1,3})?", value):
        return None
    return f'{value!r} is not a Kubernetes version: write it in quotes, such as "1.34" or "1.34.2".'


def vm_size(value: str) -> str | None:
    """Check a VM size: letters, digits and underscores, as in `Standard_D4ds_v5`."""
    if re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]{2,63}", value):
        return None
    return f"{value!r} is not a VM size: use a size such as Standard_D4ds_v5."


def tag_name(value: str) -> str | None:
    r"""Check 1-512 visible characters, none of `<>%&\?/`."""
    if not 1 <= len(value) <= 512:
        return f"A tag name has 1 to 512 characters; this one has {len(value)}."
    if not any(c in "<>%&\\?/" for c in value) and _visible(value):
        return None
    return f"{value[:60]!r} is not a valid tag name: use no < > % & \\ ? / and no control characters."


def tag_value(value: str) -> str | None:
    """Check at most 256 visible characters."""
    if len(value) > 256:
        return f"A tag value has at most 256 characters; this one has {len(value)}."
    if _visible(value):
        return None
    return f"{value[:60]!r} is not a valid tag value: use no control characters."


def _visible(text: str) -> bool:
    """Whether a text has no control, format, surrogate or private characters, and no line or paragraph separators."""
    return not any(unicodedata.category(c) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"} for c in text)


def proposed_key_vault(cluster_name: str) -> str:
    """Return a valid vault name based on the cluster name: `kv-`, the valid characters of the name, `-kms`."""
    core = re.sub(r"-+", "-", re.sub(r"[^a-zA-Z0-9-]", "-", cluster_name.lower())).strip("-")
    return f"kv-{core}"[:20].rstrip("-") + "-kms"


def free_name(proposed: str, taken: Collection[str], longest: int) -> str:
    """Return the proposed name, or the first of `proposed-2`, `proposed-3`, … that is not taken.

    Names are compared without regard to case. The result has at most `longest` characters.
    """
    names = {name.casefold() for name in taken}
    name, number = proposed, 2
    while name.casefold() in names:
        end = f"-{number}"
        name, number = f"{proposed[: longest - len(end)].rstrip('-')}{end}", number + 1
    return name
