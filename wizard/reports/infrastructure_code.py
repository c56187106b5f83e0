"""What to do if infrastructure code owns a cluster, for every report and page. Terraform and Pulumi leave no trace, so it is always said."""

from wizard.cloud.encryption import EncryptionKind
from wizard.system.sanitize import sanitize, shell_word

TITLE = "If infrastructure code owns this cluster"

_SAID: dict[EncryptionKind, str] = {
    "none": "",
    "platform-managed": "Terraform (azurerm) does not know the platform-managed key, and leaves it alone.",
    "customer-managed": "Its next run may take the key away, because Terraform (azurerm) cannot write a key identifier without a "
    "version. Change the code first.",
    "legacy-kms": "Its next run must name this key with its version.",
}


def code_advice(encryption: EncryptionKind) -> str:
    """Return what to do, in one sentence or two; empty for a cluster that is not encrypted."""
    return _SAID[encryption]


def code_lines(encryption: EncryptionKind, resource_group: str, name: str) -> tuple[str, ...]:
    """Return the same with the command that prints the code."""
    if not _SAID[encryption]:
        return ()
    command = f"aks-kms export --resource-group {shell_word(sanitize(resource_group))} --name {shell_word(sanitize(name))}"
    return _SAID[encryption], f"What it must say: {command}"
