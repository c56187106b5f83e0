"""What the Key Vault SDK remembers of vaults: where to get a token for each, from the challenge to its first request.

It keeps that for the life of the process, and has no public way to forget it, so this is the one place that uses a private
module of it.
"""

import sys


def forget() -> None:
    """Have the SDK ask each vault for its challenge again, as in a process of its own."""
    if kept := sys.modules.get("azure.keyvault.keys._shared.http_challenge_cache"):
        kept.clear()
