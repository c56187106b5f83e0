"""The steps of the wizard in their order, what depends on what."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    """One stop on the spine."""

    key: str
    name: str
    """As the spine shows it."""
    feeds: tuple[str, ...] = ()
    """Steps whose answers must be looked at again when this one's change."""


STEPS = {
    step.key: step
    for step in (
        Step(
            "prerequisites",
            "Prerequisites",
            ("feature", "cluster", "key", "vault", "review"),
        ),
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
