"""`aks-kms rotate`, run from a shell."""

from contextlib import nullcontext
from pathlib import Path

import pytest

from screens.cli.cluster_option import _check_ambiguity
from screens.cli.outcome import CommandExit
from tests.facts import cluster
from tests.journeys.conftest import StartShell
from tests.simulated.procedure.test_key_rotation import encrypted
from tests.support import DEVELOPMENT, PRODUCTION, cluster_id
from wizard.cloud.azure import Subscription
from wizard.cloud.inventory import Unreadable, cluster_row
from wizard.errors import Problem

DEMO = ("-g", "rg-demo", "-n", "aks-demo")


def test_a_key_is_rotated_once(start_shell: StartShell, tmp_path: Path) -> None:
    shell = start_shell(encrypted(tmp_path), speed=60)
    done = shell.run("rotate", *DEMO, "--yes", "-o", "json")
    assert (done.code, done.json["vault"], done.json["key"]) == (0, "kv-demo", "aks-kms")
    assert done.json["new_version"]
    pending = shell.run("rotate", *DEMO, "--yes")
    assert (pending.code, pending.out) == (1, "")
    assert "rotation-pending" in pending.err
    assert "--again" in pending.err


def test_a_rotation_needs_confirmation(start_shell: StartShell, tmp_path: Path) -> None:
    shell = start_shell(encrypted(tmp_path))
    asked = shell.run("rotate", *DEMO)
    assert (asked.code, asked.out) == (2, "")
    assert "--yes" in asked.err
    assert shell.simulator is not None
    assert shell.simulator.writes() == []


def test_an_unreadable_subscription_makes_the_cluster_name_ambiguous(
    start_shell: StartShell, tmp_path: Path
) -> None:
    shell = start_shell(encrypted(tmp_path))
    assert shell.simulator is not None
    refused = {"status": 403, "code": "AuthorizationFailed", "message": "You may not list them."}
    there = f"/subscriptions/{DEVELOPMENT}/*"
    shell.simulator.inject_faults({"match": {"method": "GET", "path": there}, "answer": refused})
    unsure = shell.run("rotate", *DEMO, "--yes")
    assert (unsure.code, unsure.out) == (2, "")
    assert (
        "could not be read and may have a cluster of the same name: Contoso Development. No changes were made."
        in unsure.err
    )
    assert "--subscription" in unsure.err
    assert shell.simulator.writes() == []
    read = shell.run("verify", *DEMO, "-o", "json")
    assert [each["id"].lower() for each in read.json["clusters"]] == [cluster_id().lower()]
    assert "! The cluster aks-demo in rg-demo exists in Contoso Production, but these" in read.err
    assert "AuthorizationFailed: You may not list them." in read.err
    sure = shell.run("rotate", *DEMO, "--subscription", PRODUCTION, "--yes")
    assert (sure.code, "could not be read" in sure.err) == (0, False)


@pytest.mark.parametrize(
    ("missed", "told"),
    [
        (Unreadable(PRODUCTION, "Contoso Production", Problem("azure", "")), False),
        (Unreadable(DEVELOPMENT, "Contoso Development", Problem("azure", "")), True),
        (Unreadable(DEVELOPMENT, "", Problem("azure", ""), cluster_id("x", "rg-demo", DEVELOPMENT)), False),
        (
            Unreadable(DEVELOPMENT, "", Problem("azure", ""), cluster_id("AKS-demo", "RG-demo", DEVELOPMENT)),
            True,
        ),
        (Unreadable(DEVELOPMENT, "", Problem("azure", ""), "odd"), True),
    ],
)
def test_only_a_possible_cluster_of_the_same_name_is_ambiguous(missed: Unreadable, told: bool) -> None:
    found = cluster_row(cluster(), Subscription(PRODUCTION, "Contoso Production", "", ""))
    with pytest.raises(CommandExit) if told else nullcontext():
        _check_ambiguity(found, [missed], must_be_unique=True)


def test_a_rotation_policy_is_set_with_every(start_shell: StartShell, tmp_path: Path) -> None:
    done = start_shell(encrypted(tmp_path)).run("rotate", *DEMO, "--every", "P90D", "--yes")
    assert done.code == 0
    assert "every 90 days" in done.out


def test_a_rotation_that_fails_with_a_transient_error_exits_with_1(
    start_shell: StartShell, tmp_path: Path
) -> None:
    """Exit code 3 means that the state is unknown: it is for commands that only read, and reads before the rotation."""
    shell = start_shell(encrypted(tmp_path))
    assert shell.simulator is not None
    busy = {"status": 503, "code": "ServerBusy", "message": "Come back later."}
    shell.simulator.inject_faults({"match": {"method": "POST", "path": "*/rotate"}, "answer": busy})
    assert shell.run("rotate", *DEMO, "--yes").code == 1
    shell.simulator.inject_faults({"match": {"method": "GET", "path": "/subscriptions*"}, "answer": busy})
    assert shell.run("rotate", *DEMO, "--yes").code == 3
