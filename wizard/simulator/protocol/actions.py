"""Actions and their wildcards, as role definitions and deny assignments write them: `Microsoft.KeyVault/vaults/*`."""

import re
from collections.abc import Iterable
from functools import cache


@cache
def _pattern(wildcard: str) -> re.Pattern[str]:
    return re.compile(re.escape(wildcard).replace(r"\*", ".*"), re.IGNORECASE)


def matches(action: str, wildcards: Iterable[str]) -> bool:
    """Return whether one of the wildcards matches the action."""
    return any(_pattern(wildcard).fullmatch(action) for wildcard in wildcards)
