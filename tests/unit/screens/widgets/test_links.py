"""Names of resources are hyperlinks to the Azure portal, in clouds that have one."""

from textual.app import App, ComposeResult
from textual.widgets import Static

from screens.widgets.links import linked
from tests.textual_internals import strips
from wizard.cloud.endpoints import CLOUDS, Cloud

ID = "/subscriptions/2222/resourceGroups/rg-orders/providers/Microsoft.ContainerService/managedClusters/orders-prod"


class _Page(App[None]):
    def compose(self) -> ComposeResult:
        yield Static(linked("orders-prod", CLOUDS["AzureUSGovernment"].portal_link(ID, "t 1")))


async def test_name_is_drawn_with_a_hyperlink() -> None:
    async with _Page().run_test() as pilot:
        (line, *_) = strips(pilot.app)
    links = {segment.text: segment.style.link for segment in line if segment.style and segment.text.strip()}
    assert links == {"orders-prod": f"https://portal.azure.us/#@t%201/resource{ID}", " ↗": None}


def test_simulated_azure_has_no_portal() -> None:
    simulated = Cloud("SimulatedAzure", "https://localhost:1", "", "", "")
    assert linked("orders-prod", simulated.portal_link(ID, "t")).plain == "orders-prod"
