"""The steps of the wizard in their order, what depends on what, and where each screen lives."""

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from screens.widgets.frame import Frame


@dataclass(frozen=True)
class Step:
    """One stop on the spine."""

    key: str
    name: str
    """As the spine shows it."""
    screen: str
    """`module:class`; imported when first shown, so that the first frame does not pay for the rest."""
    feeds: tuple[str, ...] = ()
    """Steps whose answers must be looked at again when this one's change."""


STEPS = {
    step.key: step
    for step in (
        Step(
            "prerequisites",
            "Prerequisites",
            "screens.pages.prerequisites:PrerequisitesScreen",
            ("feature", "cluster", "key", "vault", "review"),
        ),
        Step("feature", "Feature", "screens.pages.feature:FeatureScreen"),
        Step("cluster", "Cluster", "screens.pages.cluster:ClusterScreen", ("key", "vault", "review")),
        Step("key", "Key", "screens.pages.key_option:KeyOptionScreen", ("vault", "review")),
        Step("vault", "Vault", "screens.pages.vault:VaultScreen", ("review",)),
        Step("review", "Review", "screens.pages.review:ReviewScreen"),
        Step("run", "Run", "screens.pages.run:RunScreen"),
        Step("verify", "Verify", "screens.pages.verification:VerificationScreen"),
    )
}

ORDER = tuple(STEPS)


def screen_of(step: str) -> "Frame":
    """A new screen for that step."""
    module, _, name = STEPS[step].screen.partition(":")
    return cast("Frame", getattr(import_module(module), name)())


def import_all() -> None:
    """Import every screen; called in a thread once the first frame is up, so that no later step stutters."""
    for step in STEPS.values():
        import_module(step.screen.partition(":")[0])
    for beside in ("resume", "fleet", "new_cluster", "rotation"):
        import_module(f"screens.pages.{beside}")
