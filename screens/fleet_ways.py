"""The ways to the many clusters, and from one of them to the wizard's choice of a cluster."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from screens.app import WizardApp
    from wizard.cloud.inventory import ClusterRow


def look_at_many(wizard: "WizardApp") -> None:
    """Back to the many clusters where they are on the stack, else on to them from here."""
    from screens.pages.fleet import FleetScreen  # late: the first frame has no use for it

    for screen in wizard.screen_stack:
        if isinstance(screen, FleetScreen):
            while wizard.screen is not screen:
                wizard.pop_screen()
            return
    wizard.push_screen(FleetScreen())


def take_to_wizard(wizard: "WizardApp", cluster: "ClusterRow", beside: "list[ClusterRow]") -> None:
    """The wizard's choice of a cluster, with this one under the cursor and those of its subscription beside it."""
    from screens.pages.cluster import ClusterScreen

    own = next((each for each in wizard.subscriptions if each.id == cluster.subscription_id), None)
    if own is None:
        wizard.notify(f"{cluster.name} is in a subscription that cannot be chosen here.", markup=False)
        return
    wizard.take_subscription(own)
    wizard.push_screen(ClusterScreen(words=cluster.name, rows=beside))
