"""The registration of the preview feature in one subscription: looked up, or followed in the background."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wizard.errors import AzureError, Problem
from wizard.reports.wording import duration

if TYPE_CHECKING:
    from wizard.cloud.azure import Azure

GONE = "not needed any more"
"""The state if Azure does not know the feature any more."""


@dataclass
class FeatureRegistration:
    """What is known of the feature. It changes in place, and `changed` is called after each change."""

    state: str | None = None
    """As Azure returned it, or GONE; None before the first response."""
    following: bool = False
    """Whether it is being registered now."""
    seconds: float = 0.0
    problem: Problem | None = None

    @property
    def deferred(self) -> bool:
        """Whether it is left to the run to register it."""
        return self.state not in {None, "Registered", GONE}

    @property
    def note(self) -> str:
        """A few words for the step rail."""
        if self.problem:
            return "failed"
        if self.following:
            return f"{(self.state or 'registering').lower()} {duration(self.seconds)}"
        return {
            None: "",
            "Registered": "registered",
            GONE: "not needed",
            "Pending": "approval pending",
        }.get(self.state, "in the run")

    async def look_up(self, azure: "Azure", subscription: str, changed: Callable[[], None]) -> None:
        """Read the state once."""
        from wizard.cloud.features import feature_state

        try:
            self.state, self.problem = await feature_state(azure, subscription) or GONE, None
        except AzureError as error:
            self.problem = error.problem
        changed()

    async def follow(self, azure: "Azure", subscription: str, changed: Callable[[], None]) -> None:
        """Register the feature, and follow the registration to its end."""
        from wizard.cloud.features import Registration

        def report(state: str, seconds: float) -> None:
            self.state, self.seconds = state, seconds
            changed()

        self.following, self.problem = True, None
        changed()
        try:
            await Registration(azure, subscription).follow(report)
        except AzureError as error:
            self.problem = error.problem
        finally:
            self.following = False
            changed()
