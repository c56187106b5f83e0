"""Every way of signing in that an operator may have, with nothing but the lines that the simulator prints."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.azure_cli.cli import CLOUD, PATIENCE, PRODUCTION, TENANT, USER, AzureCli
from wizard.cloud.azure import connect
from wizard.errors import AzureError
from wizard.simulator import Simulator, env_lines


def test_one_address_is_all_that_a_cloud_needs(az: AzureCli) -> None:
    shown = az(f"cloud show --name {CLOUD}")
    here = az.environment["AKS_KMS_ARM_ENDPOINT"]
    assert shown["isActive"]
    assert shown["endpoints"]["resourceManager"] == here
    assert shown["endpoints"]["activeDirectory"] == here
    assert shown["endpoints"]["activeDirectoryResourceId"] == f"{here}/"
    assert shown["endpoints"]["microsoftGraphResourceId"] == f"{here}/"
    assert shown["suffixes"]["keyvaultDns"] == ".vault.local.test"


def test_service_principal(az: AzureCli) -> None:
    shown = az("account show")
    assert (shown["id"], shown["tenantId"], shown["state"]) == (PRODUCTION, TENANT, "Enabled")
    assert shown["user"] == {"name": az.environment["AZURE_CLIENT_ID"], "type": "servicePrincipal"}
    assert [each["name"] for each in az("account list")] == ["Contoso Production", "Contoso Development"]
    assert az("account get-access-token")["subscription"] == PRODUCTION


def test_a_service_principal_is_no_signed_in_user(az: AzureCli) -> None:
    said = az.refused("ad signed-in-user show")
    assert "/me request is only valid with delegated authentication flow." in said


def test_a_wrong_secret_and_a_wrong_tenant(simulator: Simulator, folder: Path) -> None:
    stranger = AzureCli(simulator, folder / "stranger").join()
    app = stranger.environment["AZURE_CLIENT_ID"]
    said = stranger.refused(f"login --service-principal --username {app} --password wrong --tenant {TENANT}")
    assert "AADSTS7000215" in said
    nowhere = "99999999-9999-9999-9999-999999999999"
    said = stranger.refused(f"login --service-principal --username {app} --password wrong --tenant {nowhere}")
    assert "AADSTS90002" in said


def test_device_code(simulator: Simulator, folder: Path) -> None:
    user = AzureCli(simulator, folder / "device").join()
    ran = user.login_by_device_code()
    assert ran.code == 0, ran
    assert re.search(r"enter the code SIMULATED-\w+ to authenticate", ran.err)
    assert user("account show")["user"] == {"name": "ops@contoso.example", "type": "user"}
    assert user.text("ad signed-in-user show --query id --output tsv") == USER
    assert user("group list --query [0].name") == "rg-demo"


def test_managed_identity(simulator: Simulator, folder: Path) -> None:
    host = AzureCli(simulator, folder / "host", **simulator.managed_identity_environment).join()
    host.text("login --identity")
    assert host("account show")["user"] == {
        "assignedIdentityInfo": "MSI",
        "name": "systemAssignedIdentity",
        "type": "servicePrincipal",
    }
    assert host("group show --name rg-demo")["properties"]["provisioningState"] == "Succeeded"


def test_the_lines_that_the_simulator_prints(simulator: Simulator, folder: Path) -> None:
    lines = env_lines(simulator.environment)
    environment_file = folder / "azure.env"
    environment_file.write_text(lines)
    pasted = [line.removeprefix("#").strip() for line in lines.splitlines() if line.startswith("#   az ")]
    assert len(pasted) == 3
    script = " && ".join([f". {environment_file}", *pasted, *pasted, "az group exists --name rg-demo"])
    # Nothing but a shell, the printed lines, and a place for the CLI's own files; pasting them twice does no harm.
    done = subprocess.run(
        ["/bin/bash", "-c", script],
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "AZURE_CONFIG_DIR": str(folder / "pasted"),
        },
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (done.returncode, done.stdout.splitlines()[-1:]) == (0, ["true"]), done.stderr


async def test_aks_kms_signs_in_by_it(user: AzureCli) -> None:
    """As an operator does who ran `az login`: with the CLI's own folder, and nothing that names who it is."""
    nobody = ("AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET")
    here = {name: value for name, value in user.environment.items() if name not in nobody}
    async with connect(here) as azure:
        assert azure.signed_in.name == "ops@contoso.example"
        assert len(await azure.subscriptions()) == 2
    empty = {**here, "AZURE_CONFIG_DIR": f"{here['AZURE_CONFIG_DIR']}-of-nobody"}
    with pytest.raises(AzureError) as refused:
        async with connect(empty):
            pass
    assert refused.value.problem.cause == "The Azure CLI is not signed in."


def test_a_token_that_is_revoked_during_a_run(folder: Path) -> None:
    """401 with insufficient_claims: the CLI fetches a new token and repeats what it asked (docs/azure.md#tokens)."""
    world = folder / "revoked.yaml"
    world.write_text(
        "description: Each second look at a group finds the token revoked.\nextends: contoso\n"
        "faults: [{match: {path: '*/resourcegroups/rg-demo', every: 2}, token: revoked}]\n"
    )
    simulator = Simulator(world)
    simulator.start()
    az = AzureCli(simulator, folder / "revoked").sign_in()
    assert [az("group show --name rg-demo --query name") for _ in range(3)] == ["rg-demo"] * 3
    asked = [
        entry.status for entry in simulator.requests if entry.path.lower().endswith("/resourcegroups/rg-demo")
    ]
    simulator.stop()
    assert asked.count(200) == 3
    assert asked.count(401) == len(asked) - 3 > 0
