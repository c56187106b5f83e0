"""Each command of a remedy runs as printed: it is complete, names its subscription, and no word is behind it."""

from collections.abc import Iterator
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest

from tests.facts import (
    CUSTOMER_MANAGED,
    LEGACY,
    ME,
    PLATFORM_MANAGED,
    cluster,
    empty_snapshot,
    key,
    target,
    vault,
)
from tests.remedies import az_commands, commands, names_its_subscription
from tests.support import PRODUCTION, TENANT, cluster_id
from tests.unit.in_cluster import test_checks as in_cluster
from tests.unit.rules import test_rules as rules
from tests.unit.verification import test_checks as verification
from tests.unit.verification import test_informing as informing
from wizard.cloud import diagnose, entra
from wizard.cloud.arm import ResourceId
from wizard.cloud.azure import Subscription
from wizard.cloud.encryption import Encryption
from wizard.cloud.inventory import cluster_row
from wizard.cloud.locks import Lock
from wizard.errors import AzureError, Problem
from wizard.export.read import _check, _identity_id
from wizard.in_cluster.kubeconfig import invoke
from wizard.procedure.key_rotation import Rotation, _explained, assess
from wizard.procedure.planning import plan_from
from wizard.reports.wording import explained

PLATFORM = Encryption.of(cluster(PLATFORM_MANAGED))


def filled(remedy: str) -> str:
    there = {"{subscription}": f" --subscription {PRODUCTION}", "{namespace}": "Microsoft.KeyVault"}
    for name, value in {**there, "{tenant}": f" --tenant {TENANT}", "{scope}": entra.cli_scope("")}.items():
        remedy = remedy.replace(name, value)
    return remedy


def others() -> Iterator[str]:
    """Yield the remedies that neither a rule nor a check gives: of a plan, a rotation, a list and the checks inside."""
    signed_in: Any = SimpleNamespace(signed_in=ME)
    yield from plan_from(
        target(rules.PLATFORM), empty_snapshot(rules.PLATFORM, cluster=rules.held())
    ).clean_up
    for there in (vault(denies=False), vault(denies=False, enableRbacAuthorization=False)):
        yield from plan_from(target(rules.PUBLIC), empty_snapshot(rules.PUBLIC, vault=there)).clean_up
    rotation = Rotation("aks-demo", "customer-managed", "kv-demo", "aks-kms", cluster_id=cluster_id())
    for code in ("ForbiddenByRbac", "AccessDenied", "ForbiddenByFirewall"):
        yield _explained(Problem("azure", "No.", code=code), rotation, signed_in).remedy
    yield from (f.remedy for f in assess(verification.evidence(LEGACY), "aks-demo").findings)
    disabled = verification.evidence(CUSTOMER_MANAGED, key=key(attributes={"enabled": False}))
    yield from (f.remedy for f in assess(disabled, "aks-demo").findings)
    yield invoke(ResourceId.parse(cluster_id()))
    for broken in (
        partial(_check, "a", cluster(), Encryption.of(cluster())),
        partial(_check, "a", cluster(PLATFORM_MANAGED, provisioningState="Updating"), PLATFORM),
        partial(_identity_id, "a", cluster()),
    ):
        with pytest.raises(AzureError) as told:
            broken()
        yield told.value.problem.remedy
    locked = empty_snapshot(rules.PRIVATE, locks=(Lock("l", f"/subscriptions/{PRODUCTION}", "ReadOnly"),))
    yield from (f.remedy for f in rules.found(rules.PRIVATE, locked, rules.needed(rules.PRIVATE)).values())
    for body in (cluster(LEGACY, currentKubernetesVersion="1.26.3"), cluster(powerState={"code": "Stopped"})):
        yield explained(cluster_row(body, Subscription(PRODUCTION, "s", TENANT, "Enabled")))


REMEDIES = sorted(
    {
        *others(),
        *(check.remedy for _, _, check in in_cluster.CASES),
        *(f.remedy for _, _, _, chosen, now in rules.CASES for f in rules.found(chosen, now).values()),
        *(check.remedy for _, _, e in verification.CASES for check in verification.checks_of(e).values()),
        *informing.remedies(),
        *(filled(known.remedy) for known in (*diagnose._KNOWN.values(), *diagnose._MORE.values())),
        *(filled(f"{why.remedy}.") for why in entra._KNOWN.values()),
    }
)
EVERYWHERE = {"login", "account", "cloud", "ad", "version"}
"""Groups of commands that concern the sign-in or the tenant, and no subscription."""


def test_az_aks_takes_no_ids() -> None:
    """As the real Azure CLI: only the commands of other services do."""
    assert [each for each in az_commands(REMEDIES) if each[0] == "aks" and "--ids" in each] == []


def test_commands_stand_by_themselves() -> None:
    assert sum(len(commands(remedy)) for remedy in REMEDIES) > 40


def test_commands_name_their_subscription() -> None:
    """In a session with another default subscription they would act on another resource of that name (CloudShell#40)."""
    lacking = [
        each
        for each in az_commands(REMEDIES)
        if not names_its_subscription(each) and each[0] not in EVERYWHERE
    ]
    assert lacking == []


@pytest.mark.parametrize(
    "remedy",
    [
        "az aks start -n a   (cannot be undone)",
        "Run az aks start -n a, then wait.",
        "Do it: az aks start -n a.",
    ],
)
def test_words_behind_a_command_are_found(remedy: str) -> None:
    with pytest.raises(ValueError, match="command"):
        commands(remedy)
