"""Two operators on two machines, at once on one cluster: it ends as one of them wanted, and each gets the right message.

Two processes with a state directory each, so that no lock of one machine keeps them apart: only Azure does.
"""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from tests.support import answers, cluster_id
from tests.survival import command
from tests.survival.command import Ended
from tests.survival.point import place
from tests.survival.procedures import PROCEDURES, Procedure
from tests.survival.truth import complete_state, doubled
from wizard.answers.model import Answers
from wizard.cloud.arm import dig
from wizard.cloud.encryption import Encryption
from wizard.simulator import Simulator

PRIVATE = answers("customer-managed-private")
OTHERS = answers(
    "customer-managed-public",
    vault={"name": "kv-other"},
    key={"name": "other"},
    identity={"name": "id-other"},
)
PAIRS: dict[str, tuple[Procedure, Answers, Answers]] = {
    "the-same": (PROCEDURES["private"], PRIVATE, PRIVATE),
    "platform-and-private": (PROCEDURES["private"], answers("platform-managed"), PRIVATE),
    "private-and-another-vault": (PROCEDURES["private"], PRIVATE, OTHERS),
    "the-same-public": (
        PROCEDURES["public"],
        answers("customer-managed-public"),
        answers("customer-managed-public"),
    ),
    "a-new-cluster": (
        PROCEDURES["new-cluster-private"],
        answers("customer-managed-private", new=True),
        answers("platform-managed", new=True),
    ),
    "back-to-platform-and-on": (PROCEDURES["customer-to-platform"], answers("platform-managed"), PRIVATE),
    "from-legacy": (PROCEDURES["legacy-to-customer"], PRIVATE, answers("platform-managed")),
    "opened-and-moved": (
        PROCEDURES["private-to-public"],
        PROCEDURES["private-to-public"].wanted or PRIVATE,
        PRIVATE,
    ),
    "closed-and-moved": (
        PROCEDURES["public-to-private"],
        PROCEDURES["public-to-private"].wanted or PRIVATE,
        PRIVATE,
    ),
}


LONGEST = 120.0
"""Seconds after which neither is waited for."""


def is_so(simulator: Simulator, wanted: Answers) -> bool:
    """Whether the cluster is as one of them wanted it."""
    cluster = simulator.resource(cluster_id(wanted.cluster.name))
    there = Encryption.of(cluster)
    if there.kind != wanted.key_option or dig(cluster, "properties", "provisioningState") != "Succeeded":
        return False
    own = wanted.customer_managed
    if own is None:
        return not there.kms_enabled
    return (
        there.network_access == own.vault.network_access
        and there.key_name == f"{own.vault.name}/{own.key.name}"
    )


@pytest.mark.sampled(4)
@pytest.mark.parametrize("pair", PAIRS)
def test_of_two_operators_one_succeeds_and_the_other_is_told(pair: str) -> None:
    procedure, *wanted = PAIRS[pair]
    with place(procedure) as here:
        both = Barrier(2, timeout=LONGEST)

        def operator(number: int) -> Ended:
            folder = here.folder / str(number)
            folder.mkdir()
            (folder / "answers.yaml").write_text(wanted[number].to_yaml(), "utf-8")
            both.wait()
            return command.run(
                ["apply", "-f", str(folder / "answers.yaml"), "--yes"],
                {**here.environment, "HOME": str(folder), "XDG_STATE_HOME": str(folder / "state")},
                Path(folder / "out"),
            )

        with ThreadPoolExecutor(2) as pool:
            ended = dict(enumerate(pool.map(operator, (0, 1), timeout=LONGEST)))
        if wanted[0] != wanted[1]:
            assert [end.code for end in ended.values()].count(0) == 1, "only one of two wishes can be so"

        assert any(is_so(here.simulator, each) for each in wanted), "\n".join(e.said for e in ended.values())
        for number, end in ended.items():
            assert "Traceback" not in end.said
            if end.code == 0:
                continue
            assert end.code == 1, end.said
            assert "✗" in end.said
            assert wanted[0] == wanted[1] or not is_so(here.simulator, wanted[number]), end.said
        assert 0 in {end.code for end in ended.values()}, "\n".join(end.said for end in ended.values())
        assert doubled(complete_state(here.simulator)) == []
        assert here.simulator.unknown == ()
