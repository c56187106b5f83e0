"""What tests need of the Azure SDKs and what has no public name. No other file uses it."""

import sys


def forget_vault_challenges() -> None:
    """Forget which vaults have asked for a token. The Key Vault SDK keeps that for the life of the process: otherwise whether a
    vault's first request is challenged would depend on what ran before.
    """
    if challenges := sys.modules.get("azure.keyvault.keys._shared.http_challenge_cache"):
        challenges.clear()
