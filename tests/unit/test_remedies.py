"""Each command of a remedy runs as printed: it is complete, names its subscription, and no word is behind it."""

import pytest

from tests.remedies import az_commands, commands, names_its_subscription
from tests.support import PRODUCTION, TENANT
from tests.unit.rules import test_rules as rules
from tests.unit.verification import test_checks as verification
from wizard.cloud import diagnose, entra


def filled(remedy: str) -> str:
    there = {"{subscription}": f" --subscription {PRODUCTION}", "{namespace}": "Microsoft.KeyVault"}
    for name, value in {**there, "{tenant}": f" --tenant {TENANT}", "{scope}": entra.cli_scope("")}.items():
        remedy = remedy.replace(name, value)
    return remedy


REMEDIES = sorted(
    {
        *(f.remedy for _, _, _, chosen, now in rules.CASES for f in rules.found(chosen, now).values()),
        *(check.remedy for _, _, e in verification.CASES for check in verification.looked(e).values()),
        *(filled(known.remedy) for known in (*diagnose._KNOWN.values(), *diagnose._MORE.values())),
        *(filled(f"{why.remedy}.") for why in entra._KNOWN.values()),
    }
)
EVERYWHERE = {"login", "account", "cloud", "ad", "version"}
"""Groups of commands that concern the sign-in or the tenant, and no subscription."""


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
