"""What a run leaves to its operator: what the secrets depend on, and what no run does."""

from collections.abc import Iterable, Iterator

from wizard.answers.model import Answers

_FOLLOW_UPS = {
    "identity-moves": "Assign the new identity the roles that the old one has outside the node resource group.",
    "identity-replaced": "Assign the new identity the roles that the old one has outside the node resource group.",
    "identity-deleted": "Assign the re-created identity the roles that the deleted one had.",
}
"""What no run does, by the code of the warning in its plan."""


def keep_line(answers: Answers) -> str:
    """Return what the secrets depend on, in one line; empty with a platform-managed key."""
    own = answers.customer_managed
    if own is None:
        return ""
    vault, identity = own.vault.name, own.identity.name
    return f"{vault}/{own.key.name} (all versions), the key vault {vault}, and {identity} with its role assignments"


def follow_ups(codes: Iterable[str]) -> Iterator[str]:
    """Yield what is left to do, by the codes of the findings of a plan, each once."""
    yield from dict.fromkeys(_FOLLOW_UPS[code] for code in codes if code in _FOLLOW_UPS)
