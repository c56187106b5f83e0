"""The lines of a fleet: what a filter finds, and what a saved report says of what could not be read."""

import json

from screens.pages.fleet_rows import View
from screens.pages.fleet_words import cells_of
from screens.session.fleet import Fleet
from tests.support import DEVELOPMENT, PRODUCTION, cluster_id
from wizard.cloud.inventory import Unreadable
from wizard.errors import Problem
from wizard.reports.saved import saved

ORDERS = cluster_id("orders-prod", "rg-orders")


def test_one_cluster_that_could_not_be_read_is_no_whole_subscription() -> None:
    fleet = Fleet()
    one = fleet.take(Unreadable(PRODUCTION, "Contoso Production", Problem("azure", "Not read."), ORDERS))
    whole = fleet.take(Unreadable(DEVELOPMENT, "Contoso Development", Problem("azure", "Not listed.")))
    assert one is not None
    assert whole is not None
    texts = saved(fleet.findings(fleet.lines, "https://management.azure.com"))
    missed = [each["id"] for each in json.loads(texts[".json"])["unreadable"]]
    assert missed == [ORDERS, f"/subscriptions/{DEVELOPMENT}"]
    assert ORDERS in texts[".md"]
    assert cells_of(one)["cluster"].plain == "orders-prod"
    assert cells_of(one)["subscription"].plain == "Contoso Production"
    assert cells_of(whole)["cluster"].plain == "Contoso Development"
    assert View(words=("orders-prod",)).of(fleet.lines) == [one]
    assert View(words=("rg-orders", "contoso production", "not readable")).of(fleet.lines) == [one]
    assert View(words=(DEVELOPMENT,)).of(fleet.lines) == [whole]
