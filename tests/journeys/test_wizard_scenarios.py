"""The six scenarios in the wizard: real keys, the real SDKs, and a simulated Azure that holds the state."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from tests.operator import LARGE, SMALL, wizard
from wizard.simulator import Simulator

PRODUCTION = "/subscriptions/22222222-2222-2222-2222-222222222222"


def printed(option: str, cluster: str, group: str) -> dict[str, Any]:
    """What the how-to prints as `securityProfile` at the end of that key option."""
    profile: dict[str, Any] = {
        "kubernetesResourceObjectEncryptionProfile": {"infrastructureEncryption": "Enabled"}
    }
    if option != "platform-managed":
        vault = f"kv-{cluster}-kms"
        profile["azureKeyVaultKms"] = {
            "enabled": True,
            "keyId": f"https://{vault}.vault.local.test/keys/aks-kms",
            "keyVaultNetworkAccess": option,
            "keyVaultResourceId": f"{PRODUCTION}/resourceGroups/{group}/providers/Microsoft.KeyVault/vaults/{vault}",
        }
    return profile


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("option", "create", "size"),
    [
        ("Public", False, SMALL),
        ("Private", False, LARGE),
        ("Private", True, SMALL),
        ("platform-managed", True, LARGE),
        ("Public", True, LARGE),
        ("platform-managed", False, SMALL),
    ],
    ids=lambda value: {True: "new", False: "existing", SMALL: "80x24", LARGE: "120x40"}.get(value, value),
)
async def test_scenario_ends_with_a_verified_cluster(
    option: str, create: bool, size: tuple[int, int], tmp_path: Path
) -> None:
    name, group = ("aks-new", "rg-new") if create else ("aks-demo", "rg-demo")
    async with (
        Simulator("contoso", speed=math.inf) as simulator,
        wizard(simulator, tmp_path, size) as operator,
    ):
        await operator.walk_to_clusters()
        if create:
            await operator.create(name, group, "westeurope")
        else:
            await operator.choose(name)
        await operator.to_review(option)
        assert not [r for r in simulator.writes() if "managedclusters" in r.path.lower()]
        await operator.start(name)
        await operator.sees("Done in")
        await operator.press("enter")
        screen = await operator.sees("secrets are encrypted with", "checks passed", "read from Azure")
        assert "simulated Azure" in screen
        assert "failed" not in screen
        cluster = simulator.resource(
            f"{PRODUCTION}/resourceGroups/{group}/providers/Microsoft.ContainerService/managedClusters/{name}"
        )
        assert cluster is not None
        assert cluster["properties"]["securityProfile"] == printed(option, name, group)
        assert operator.app.session.exit_code == 0
        assert not simulator.unknown
        [journal] = (tmp_path / "runs").iterdir()
        assert journal.name.endswith(name)
        recorded = json.loads((journal / "plan.json").read_text("utf-8"))
        assert recorded["cloud"]["resource_manager"] == simulator.arm_endpoint
