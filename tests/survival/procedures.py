"""The procedures on which a run is killed: how things are before, what is wanted, and the command for it."""

from dataclasses import dataclass
from pathlib import Path

from tests.journeys.test_transitions import FROM, TO, laid_over
from tests.simulated.procedure.test_key_rotation import OFFICER, encrypted
from tests.support import PRODUCTION, answers, scenario_file
from wizard.answers.model import Answers
from wizard.cloud.arm import Json

DURATIONS: Json = {
    "feature": 30,
    "provider": 10,
    "vault_dns": 20,
    "role_propagation": 60,
    "principal_replication": 0,
    "cluster_create": 120,
    "cluster_update": 120,
    "secret_migration": 0,
    "graph_lag": 0,
    "poll_interval": 0,
}
"""Short, and yet so long that each is seen to last: a request takes ten seconds of simulated time."""
STEP = 10.0

DEMO = ["-g", "rg-demo", "-n", "aks-demo"]


@dataclass(frozen=True)
class Procedure:
    """One procedure."""

    before: Json
    """The group `rg-demo`."""
    wanted: Answers | None
    """None for a rotation, which has no answers."""
    faults: bool = False
    """Faults are injected into it too, because no procedure of `fault_procedures.py` has its steps to do."""

    def lay(self, folder: Path) -> Path:
        """The simulated Azure before it, as a scenario file."""
        if self.wanted is None:
            return encrypted(folder)
        subscriptions = {PRODUCTION: {"groups": {"rg-demo": self.before}}}
        return scenario_file(folder, subscriptions=subscriptions, durations=DURATIONS, principals=OFFICER)

    def command(self, folder: Path) -> list[str]:
        """The command that carries it out."""
        if self.wanted is None:
            return ["rotate", *DEMO, "--yes"]
        (folder / "answers.yaml").write_text(self.wanted.to_yaml(), "utf-8")
        return ["apply", "-f", str(folder / "answers.yaml"), "--yes"]


def _transition(start: str, end: str) -> Procedure:
    wanted, there = TO[end]
    return Procedure(laid_over(FROM[start], there), wanted)


_TAGGED = answers("customer-managed-public", key={"rotate_every": "P1Y"}, tags={"team": "payments"})
POLICIES: Json = {
    "vaults": {
        "kv-demo": {
            "rbac": False,
            "keys": {"aks-kms": {}},
            "access_policies": [{"principal": "operator", "keys": ["get", "list", "create"]}],
        }
    },
    "clusters": {"aks-demo": {}},
}
"""A vault that uses access policies."""

PROCEDURES: dict[str, Procedure] = {
    "platform-managed": _transition("none", "platform"),
    "private": _transition("none", "new-private"),
    "public": Procedure(FROM["none"], _TAGGED),
    "new-cluster-private": Procedure({}, answers("customer-managed-private", new=True)),
    "new-cluster-public": Procedure(
        {}, answers("customer-managed-public", new=True, vault={"resource_group": "rg-keys"})
    ),
    "platform-to-customer": _transition("platform", "new-private"),
    "customer-to-platform": _transition("public", "platform"),
    "legacy-to-customer": _transition("legacy-public", "new-private"),
    "private-to-public": _transition("private", "same-vault-public"),
    "public-to-private": _transition("public", "same-vault-private"),
    "access-policies": Procedure(POLICIES, answers("customer-managed-public")),
    "rotate": Procedure({}, None),
}
