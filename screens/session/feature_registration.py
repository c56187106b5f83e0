"""The feature's registration in one subscription, as the screens see it: looked up, and followed in the background."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wizard.errors import AzureError, Problem
from wizard.reports.wording import duration

if TYPE_CHECKING:
    from wizard.cloud.azure import Azure

GONE = "no longer needed"


@dataclass
class FeatureRegistration:
    """What is known of the feature; changes in place, and `changed` is called after each change."""

    state: str | None = None
    """As Azure named it; GONE where Azure does not know the feature any more; None before the first answer."""
    following: bool = False
    """Whether it is being registered on the operator's word."""
    seconds: float = 0.0
    problem: Problem | None = None

    @property
    def deferred(self) -> bool:
        """Whether, as far as is known, somebody still has to register it."""
        return self.state not in {None, "Registered", GONE}

    @property
    def note(self) -> str:
        """A few words for the spine."""
        if self.problem:
            return "failed"
        if self.following:
            return f"{(self.state or 'asking').lower()} {duration(self.seconds)}"
        return {
            None: "",
            "Registered": "registered",
            GONE: "not needed",
            "Pending": "waits for Microsoft",
        }.get(self.state, "left to the run")

    async def look_up(self, azure: "Azure", subscription: str, changed: Callable[[], None]) -> None:
        """Ask Azure once."""
        from wizard.cloud.features import feature_state

        try:
            self.state, self.problem = await feature_state(azure, subscription) or GONE, None
        except AzureError as error:
            self.problem = error.problem
        changed()

    async def follow(self, azure: "Azure", subscription: str, changed: Callable[[], None]) -> None:
        """Register it and follow it to the end."""
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
