"""A run that has started its update of the cluster: the events of its journal."""

from datetime import UTC, datetime

from tests.support import answers
from wizard.cloud.endpoints import CLOUDS
from wizard.cloud.writes import Write
from wizard.procedure.events import Event
from wizard.procedure.plan import Plan

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
ANSWERS = answers("customer-managed-private")
PLAN_OF = Plan(
    "/subscriptions/s/aks-demo",
    "none",
    "customer-managed",
    "Encrypt aks-demo",
    (),
    (),
    (),
    (),
    {},
    cloud=CLOUDS["AzureCloud"],
)
BEGUN = Event(NOON, "step-started", "cluster", message="Encrypt the managed cluster")
PUT = Write(1, "PUT", "managedClusters", "aks-demo")
ASKED = Event(NOON, "log", "cluster", message=str(PUT), audience="detail", write=PUT)
