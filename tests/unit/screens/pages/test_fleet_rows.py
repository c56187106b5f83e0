"""The lines of a fleet: what a filter finds, and how reports show clusters that could not be read."""

import json
from dataclasses import replace
from typing import Any

from screens.pages.fleet_rows import View, text_of
from screens.pages.fleet_text import cells, columns
from screens.session.fleet import Fleet, Line, Shown
from tests.support import DEVELOPMENT, PRODUCTION, cluster_id
from wizard.cloud.encryption import Encryption
from wizard.cloud.inventory import ClusterRow, Unreadable
from wizard.errors import Problem
from wizard.reports.saved import saved

ORDERS = cluster_id("orders-prod", "rg-orders")


def test_unreadable_cluster_is_distinguished_from_unreadable_subscription() -> None:
    fleet = Fleet()
    one = fleet.take(Unreadable(PRODUCTION, "Contoso Production", Problem("azure", "Not read."), ORDERS))
    whole = fleet.take(Unreadable(DEVELOPMENT, "Contoso Development", Problem("azure", "Not listed.")))
    assert one is not None
    assert whole is not None
    texts = saved(fleet.findings(fleet.lines, "https://management.azure.com"))
    missed = [each["id"] for each in json.loads(texts[".json"])["unreadable"]]
    assert missed == [ORDERS, f"/subscriptions/{DEVELOPMENT}"]
    assert ORDERS in texts[".md"]
    assert cells(one)["name"].plain == "orders-prod"
    assert cells(one)["subscription_name"].plain == "Contoso Production"
    assert cells(whole)["name"].plain == "Contoso Development"
    assert View(words=("orders-prod",)).of(fleet.lines) == [one]
    assert View(words=("contoso production", "not certain", "not readable")).of(fleet.lines) == [one]
    assert View(words=("contoso development",)).of(fleet.lines) == [whole]
    hidden = View(words=("contoso",), columns=("name", "encryption"))
    assert hidden.of(fleet.lines) == [whole], "of the other one, the subscription is not shown"


def test_every_column_has_a_cell_in_every_line_and_is_searched() -> None:
    of_cluster = (
        "/id",
        "aks-demo",
        "rg-demo",
        PRODUCTION,
        "Contoso Production",
        "westus2",
        "1.34.2",
        "user-assigned",
    )
    row = ClusterRow(*of_cluster, Encryption.of({}), "Succeeded", "Running", 1, 3)
    line = Shown(row, "failed", "not-verified", ("key disabled",), True, ("Bad.",), b"")
    missed = Unreadable(PRODUCTION, "Contoso Production", Problem("azure", "Not read."), ORDERS)
    for width in (76, 110, 200):
        assert columns(width, {}).keys() <= cells(line).keys() & cells(missed).keys()
    assert set(View().columns) == columns(200, {}).keys() - {"sign"}
    for name in View().columns:
        assert text_of(line, (name,)) == cells(line)[name].plain.casefold()
    texts = ("name", "resource_group", "subscription_name", "location")
    later = [replace(row, **dict[str, Any]({name: "zz"})) for name in texts]
    lines: list[Line] = [missed, line, *(replace(line, row=each) for each in later)]
    lines.append(replace(line, outcome="passed"))
    for name in ("verdict", *View().columns):
        there = View(order=name).of(lines)
        assert sorted(map(id, there)) == sorted(map(id, lines))
        assert View(order=name, backwards=True).of(lines) == there[::-1]
        if name in texts:
            assert cells(there[-1])[name].plain == "zz"
