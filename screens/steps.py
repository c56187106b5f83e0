"""The steps of the wizard in their order, and which steps depend on which."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    """One step of the wizard."""

    key: str
    name: str
    """As the step rail shows it."""
    feeds: tuple[str, ...] = ()
    """Later steps that need another review when the answer to this one changes."""


STEPS = {
    step.key: step
    for step in (
        Step("prerequisites", "Prerequisites", ("feature", "cluster", "key", "vault", "review")),
        Step("feature", "Feature"),
        Step("cluster", "Cluster", ("key", "vault", "review")),
        Step("key", "Key", ("vault", "review")),
        Step("vault", "Vault", ("review",)),
        Step("review", "Review"),
        Step("run", "Run"),
        Step("verify", "Verify"),
    )
}

ORDER = tuple(STEPS)
