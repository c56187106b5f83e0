"""The steps of the wizard in their order, and which steps depend on which."""

from typing import NamedTuple


class WizardStep(NamedTuple):
    """One step of the wizard."""

    key: str
    name: str
    """As the step rail shows it."""
    feeds: tuple[str, ...] = ()
    """Later steps that need another review when the answer to this one changes."""


STEPS = {
    step.key: step
    for step in (
        WizardStep("prerequisites", "Prerequisites", ("feature", "cluster", "key", "vault", "review")),
        WizardStep("feature", "Feature"),
        WizardStep("cluster", "Cluster", ("key", "vault", "review")),
        WizardStep("key", "Key", ("vault", "review")),
        WizardStep("vault", "Vault", ("review",)),
        WizardStep("review", "Review"),
        WizardStep("run", "Run"),
        WizardStep("verify", "Verify"),
    )
}

ORDER = tuple(STEPS)
