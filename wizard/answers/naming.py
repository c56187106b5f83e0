"""Azure's naming rules, one function per resource type: None where a name may be used, else why not and what may.

Source: "Naming rules and restrictions for Azure resources" (Azure Resource Manager), and for managed clusters and
keys the patterns of the resource types themselves.
"""

import re
import unicodedata
from collections.abc import Collection


def subscription(value: str) -> str | None:
    """A subscription is named by its id, a GUID."""
    if re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", value):
        return None
    return f"{value!r} is not a subscription id: give the GUID that `az account list -o table` shows."


def location(value: str) -> str | None:
    """Regions are given by their short name."""
    if re.fullmatch(r"[a-z][a-z0-9]{2,49}", value):
        return None
    return f"{value!r} is not a region's short name: write it like westeurope or westus2."


def resource_group(value: str) -> str | None:
    """1-90 letters, digits, `-_.()`, not ending in a period."""
    if len(value) > 90:
        return f"A resource group's name has at most 90 characters; this one has {len(value)}."
    if value and all(c.isalnum() or c in "-_.()" for c in value) and not value.endswith("."):
        return None
    return (
        f"{value!r} cannot name a resource group: use letters, digits, - _ . ( ), and no period at the end."
    )


def managed_cluster(value: str) -> str | None:
    """1-63 letters, digits, `-_`, starting and ending with a letter or digit."""
    if re.fullmatch(r"[a-zA-Z0-9]([-_a-zA-Z0-9]{0,61}[a-zA-Z0-9])?", value):
        return None
    if len(value) > 63:
        return f"A managed cluster's name has at most 63 characters; this one has {len(value)}."
    return (
        f"{value!r} cannot name a managed cluster: use letters, digits, - and _, "
        "starting and ending with a letter or digit."
    )


def key_vault(value: str) -> str | None:
    """3-24 letters, digits, hyphens; starts with a letter, ends with a letter or digit, no `--`; globally unique."""
    if not 3 <= len(value) <= 24:
        return f"A key vault's name has 3 to 24 characters; this one has {len(value)}."
    if re.fullmatch(r"[a-zA-Z](?:-?[a-zA-Z0-9])*", value):
        return None
    return (
        f"{value!r} cannot name a key vault: use letters, digits and single hyphens, "
        "starting with a letter and ending with a letter or digit."
    )


def key(value: str) -> str | None:
    """1-127 letters, digits, hyphens; never a version."""
    if "/" in value:
        return (
            f"{value[:160]!r} is an identifier, not a key's name: give the name alone, without vault and version. "
            "AKS is given the versionless identifier, so that it follows rotations."
        )
    if re.fullmatch(r"[a-zA-Z0-9-]{1,127}", value):
        return None
    if len(value) > 127:
        return f"A key's name has at most 127 characters; this one has {len(value)}."
    return f"{value!r} cannot name a key: use letters, digits and hyphens."


def user_assigned_identity(value: str) -> str | None:
    """3-128 letters, digits, `-_`, starting with a letter or digit."""
    if not 3 <= len(value) <= 128:
        return f"A user-assigned identity's name has 3 to 128 characters; this one has {len(value)}."
    if re.fullmatch(r"[a-zA-Z0-9][-_a-zA-Z0-9]*", value):
        return None
    return (
        f"{value!r} cannot name a user-assigned identity: use letters, digits, - and _, "
        "starting with a letter or digit."
    )


def rotation_interval(value: str) -> str | None:
    """An ISO 8601 duration in days, weeks, months or years, of at least seven days (KV:how-to-configure-key-rotation)."""
    match = re.fullmatch(r"P(?:(\d{1,4})Y)?(?:(\d{1,4})M)?(?:(\d{1,4})W)?(?:(\d{1,4})D)?", value)
    if match is None or not any(match.groups()):
        return f"{value!r} is not a duration: write it like P90D, P6M or P1Y."
    years, months, weeks, days = (int(part or 0) for part in match.groups())
    if years * 365 + months * 28 + weeks * 7 + days < 7:
        return f"{value!r} is too short: Key Vault rotates a key every seven days at most."
    return None


def how_often(interval: str) -> str:
    """How often the vault rotates a key (`KeyState.rotates_every`), or an ISO 8601 duration of one unit, in words: `every year`, `every 90 days`, `30 days
    before expiry`; as it is where it is another one."""
    part = re.fullmatch(r"P(\d+)([YMWD])( before expiry)?", interval)
    if part is None:
        return f"every {interval}" if interval.startswith("P") else interval
    unit = {"Y": "year", "M": "month", "W": "week", "D": "day"}[part[2]]
    words = unit if part[1] == "1" else f"{part[1]} {unit}s"
    return f"{'1 ' * (part[1] == '1')}{words}{part[3]}" if part[3] else f"every {words}"


def kubernetes_version(value: str) -> str | None:
    """Two or three numbers with periods between them."""
    if re.fullmatch(r"[0-9]{1,3}\.[0-9]{1,3}(\.[0-9]{1,3})?", value):
        return None
    return f'{value!r} is not a version of Kubernetes: write it like "1.34" or "1.34.2", in quotes.'


def vm_size(value: str) -> str | None:
    """Letters, digits and underscores, as in `Standard_D4ds_v5`."""
    if re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]{2,63}", value):
        return None
    return f"{value!r} is not a VM size: write it like Standard_D4ds_v5."


def tag_name(value: str) -> str | None:
    r"""1-512 characters, none of `<>%&\?/`, none that cannot be seen."""
    if not 1 <= len(value) <= 512:
        return f"A tag's name has 1 to 512 characters; this one has {len(value)}."
    if not any(c in "<>%&\\?/" for c in value) and _visible(value):
        return None
    return f"{value[:60]!r} cannot name a tag: use no < > % & \\ ? / and no control characters."


def tag_value(value: str) -> str | None:
    """At most 256 characters, none that cannot be seen."""
    if len(value) > 256:
        return f"A tag's value has at most 256 characters; this one has {len(value)}."
    if _visible(value):
        return None
    return f"{value[:60]!r} cannot be a tag's value: use no control characters."


def _visible(text: str) -> bool:
    """No controls, formats, surrogates, private characters, nor line or paragraph separators."""
    return not any(unicodedata.category(c) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"} for c in text)


def proposed_key_vault(cluster_name: str) -> str:
    """A legal vault name near the cluster's: `kv-` + the cluster's name, without what a vault's name cannot have."""
    core = re.sub(r"-+", "-", re.sub(r"[^a-zA-Z0-9-]", "-", cluster_name.lower())).strip("-")
    return f"kv-{core}"[:20].rstrip("-") + "-kms"


def free_name(proposed: str, taken: Collection[str], longest: int) -> str:
    """The proposed name, or the first of `proposed-2`, `proposed-3`, … that is not taken, whatever the case; in at most
    `longest` characters."""
    names = {name.casefold() for name in taken}
    name, number = proposed, 2
    while name.casefold() in names:
        end = f"-{number}"
        name, number = f"{proposed[: longest - len(end)].rstrip('-')}{end}", number + 1
    return name
