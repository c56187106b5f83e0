"""What text from outside may hold at its worst, and what of it must never get through."""

import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.support import PRODUCTION, scenario_file
from wizard.cloud.arm import Json

ESCAPES = (
    "\x1b[31;5m",  # CSI: a colour
    "\x1b[2J\x1b[H",  # CSI: an empty screen
    "\x1b]0;pwned\x07",  # OSC: the window's title
    "\x1b]8;;https://evil.example\x1b\\",  # OSC 8: a link
    "\x1b]52;c;cHduZWQ=\x07",  # OSC 52: the clipboard
    "\x1bP+q544e\x1b\\",  # DCS
    "\x9b31m\x9d0;pwned\x9c",  # the same in C1
)
UNSEEN = (
    "\u202e\u2066\u200f",  # bidirectional overrides
    "\u200b\u200d\ufeff\u2060",  # zero-width
    "\U000e0041",  # a tag character
    "\ud800",  # half a surrogate pair
    "\0\x01\x07\x08\x7f\x85",
    "\u2028\u2029",
)
MARKUP = (
    "[/]",
    "[/",
    "[red]",
    "[@click=app.quit]x[/]",
    "[link='https://evil.example']",
    "$primary",
    "{0}%s%(a)s",
)
WRITTEN = (
    "|",
    "`code`",
    "```",
    "<script>alert(1)</script>",
    "![i](https://evil.example)",
    "# head",
    "]]>",
    "<!--",
    "&amp;",
    "::error::pwned",
)
POISON = "x" + "".join((*ESCAPES, *UNSEEN, *MARKUP, *WRITTEN)) + "\r\n\ty"
"""All of it in one text."""

_NEVER = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}


def obeyed(text: str, allowed: str = "\n") -> set[str]:
    """What of a text a terminal would obey, or a reader would not see."""
    return {c for c in text if c not in allowed and unicodedata.category(c) in _NEVER}


def poisoned(folder: Path, **more: Any) -> Path:
    """The scenario `contoso` with that text wherever Azure returns a text that another user may have chosen."""
    cluster: Json = {
        "tags": {"purpose": POISON, POISON[:60].replace("/", ""): "x"},
        "version": "1.34.2",
        "body": {
            "tags": {"purpose": POISON},
            "sku": {"name": POISON},
            "properties": {
                "dnsPrefix": POISON,
                "fqdn": POISON,
                "nodeResourceGroup": f"MC_{POISON}",
                "powerState": {"code": POISON},
                "futureProfile": {POISON: [POISON, {"a": POISON}]},
                "securityProfile": {"futureShield": POISON, POISON: {"x": POISON}},
                "agentPoolProfiles": [{"name": POISON, "count": 3, "orchestratorVersion": POISON}],
            },
        },
    }
    odd: Json = {
        "body": {
            "location": POISON,
            "properties": {
                "currentKubernetesVersion": f"1.34.2{POISON}",
                "provisioningState": f"Failed{POISON}",
                "securityProfile": {
                    "azureKeyVaultKms": {
                        "enabled": True,
                        "keyId": f"https://kv.vault.local.test/keys/{POISON}",
                        "keyVaultNetworkAccess": POISON,
                        "keyVaultResourceId": f"/subscriptions/{PRODUCTION}/resourceGroups/rg-demo{POISON}",
                    },
                    "kubernetesResourceObjectEncryptionProfile": {"infrastructureEncryption": "Enabled"},
                },
            },
        }
    }
    groups: Json = {
        "rg-demo": {
            "tags": {"a": POISON},
            "identities": {"id-aks-demo": {"tags": {"a": POISON}}},
            "vaults": {"kv-demo": {"tags": {"a": POISON}, "keys": {"aks-kms": {}}}},
            "clusters": {"aks-demo": cluster, "aks-odd": odd, "aks-[red]x[/]": {"version": "1.34.2"}},
        }
    }
    changes: Json = {
        "subscriptions": {
            PRODUCTION: {
                "name": f"Prod{POISON}",
                "groups": groups,
                "locks": {
                    f"lock{POISON.replace('/', '')}": {
                        "scope": f"/subscriptions/{PRODUCTION}/resourceGroups/rg-erp",
                        "level": "ReadOnly",
                        "notes": POISON,
                    }
                },
            }
        },
        "tenant": {"name": POISON},
        "kubernetes_versions": {"1.34": {"patches": ["1.34.1", "1.34.2"], "default": True}},
    }
    return scenario_file(folder, **_laid(changes, more))


def _laid(under: Mapping[str, Any], over: Mapping[str, Any]) -> Json:
    both = dict(under)
    for key, value in over.items():
        both[key] = (
            _laid(both[key], value)
            if isinstance(value, Mapping) and isinstance(both.get(key), Mapping)
            else value
        )
    return both
