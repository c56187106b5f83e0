"""The how-to's own script, run with the real Azure CLI, leaves what `apply` leaves (issue: "the same resources")."""

from pathlib import Path

import pytest

from tests.azure_cli.parity import differences, judged, left_by_apply, left_by_script
from tests.support import answers
from wizard.answers.model import Answers

pytestmark = pytest.mark.timeout(400)  # a script of twenty commands, on a machine that may be busy

TAGS = {"team": "a b", "cost center": 'it\'s "$HOME" 50%', "note": "ü=1"}
LETTER = {"create_through": "key-vault"}
CASES = {
    "platform-managed, existing": answers("platform-managed"),
    "platform-managed, new": answers(
        "platform-managed", new=True, tags=TAGS, cluster={"create": {"kubernetes_version": "1.34"}}
    ),
    "private, existing, through Resource Manager": answers("customer-managed-private", tags=TAGS),
    "private, existing, by the letter": answers("customer-managed-private", key=LETTER, tags=TAGS),
    "public, existing": answers("customer-managed-public"),
    "public, new": answers(
        "customer-managed-public",
        new=True,
        cluster={"create": {"node_count": 1, "node_vm_size": "Standard_D4ds_v5"}},
    ),
}


@pytest.mark.parametrize("chosen", CASES.values(), ids=CASES)
async def test_the_script_leaves_what_apply_leaves(chosen: Answers, tmp_path: Path) -> None:
    left, calls = await left_by_script("contoso", chosen, tmp_path, live=False)
    judged(calls)
    assert len(calls) == 1
    assert differences(left, await left_by_apply("contoso", chosen, tmp_path)) == []
