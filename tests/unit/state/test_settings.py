"""What "other settings unchanged" compares: everything that the owner may set, at every depth, as Azure compares it."""

from typing import Any

import pytest

from tests.facts import CUSTOMER_MANAGED, cluster, user_assigned
from tests.support import PRODUCTION, identity_id
from wizard.state.settings import compared

SUBNET = f"/subscriptions/{PRODUCTION}/resourceGroups/rg-net/providers/Microsoft.Network/virtualNetworks/vnet/subnets/aks"
SYSTEM = {"name": "system", "count": 3, "availabilityZones": ["3", "2", "1"], "vnetSubnetID": SUBNET}
USER = {"name": "user", "count": 2, "nodeTaints": ["a=b:NoSchedule"], "powerState": {"code": "Running"}}
OUTBOUND = {"managedOutboundIPs": {"count": 5}, "effectiveOutboundIPs": [{"id": "/subscriptions/x/one"}]}
BEFORE = cluster(
    agentPoolProfiles=[SYSTEM, USER],
    addonProfiles={"azurepolicy": {"enabled": True, "config": None}},
    networkProfile={"loadBalancerProfile": OUTBOUND},
    status={"provisioningError": None},
    futureProfile={"list": [1, {"two": 2}], "matrix": [[1, 2], [3]]},
) | {"tags": {"status": "gold"}}


def after(**changes: Any) -> Any:
    """The same cluster, with other properties."""
    return {**BEFORE, "properties": {**BEFORE["properties"], **changes}}


@pytest.mark.parametrize(
    "body",
    [
        after(provisioningState="Updating", currentKubernetesVersion="1.34.3") | {"eTag": "another"},
        {**after(securityProfile=CUSTOMER_MANAGED), "identity": user_assigned(identity_id())},
        after(agentPoolProfiles=[USER, SYSTEM]),
        after(agentPoolProfiles=[{**SYSTEM, "availabilityZones": ["1", "2", "3"]}, USER]),
        after(agentPoolProfiles=[{**SYSTEM, "vnetSubnetID": SUBNET.lower(), "spotMaxPrice": None}, USER]),
        after(agentPoolProfiles=[{**SYSTEM, "count": 9}, {**USER, "powerState": {"code": "Stopped"}}]),
        after(addonProfiles={"azurePolicy": {"enabled": True, "identity": {"clientId": "x"}}}),
        after(networkProfile={"loadBalancerProfile": {**OUTBOUND, "effectiveOutboundIPs": []}}),
        after(futureProfile={"list": [1, {"two": 2}], "matrix": [[2, 1], [3]]}),
    ],
    ids=lambda _: "same",
)
def test_what_azure_changes_itself_is_no_difference(body: Any) -> None:
    count, differing = compared(BEFORE, body)
    assert (count > 10, differing) == (True, ())


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (after(futureProfile={"mode": "Loud"}), "properties.futureProfile.mode"),
        (after(kubernetesVersion="1.35"), "properties.kubernetesVersion"),
        (after(agentPoolProfiles=[SYSTEM]), "properties.agentPoolProfiles[user].nodeTaints"),
        (
            after(agentPoolProfiles=[{**SYSTEM, "availabilityZones": ["1", "2"]}, USER]),
            "properties.agentPoolProfiles[system].availabilityZones",
        ),
        (
            after(networkProfile={"loadBalancerProfile": {**OUTBOUND, "managedOutboundIPs": {"count": 1}}}),
            "properties.networkProfile.loadBalancerProfile.managedOutboundIPs.count",
        ),
        ({**BEFORE, "tags": {"status": "Gold"}}, "tags.status"),
        (
            after(securityProfile={"defender": {"enabled": True}}),
            "properties.securityProfile.defender.enabled",
        ),
        (after(addonProfiles={"azurePolicy": {"enabled": False}}), "properties.addonProfiles.azurepolicy.enabled"),
    ],
)  # fmt: skip
def test_any_other_difference_is_named_by_its_path(body: Any, path: str) -> None:
    assert path in compared(BEFORE, body)[1]
