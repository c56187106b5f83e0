"""Existing vaults, keys and identities are offered and used."""

import math
from pathlib import Path

from textual.widgets import Input, OptionList

from screens.widgets.picker import PickDialog
from tests.operator import LARGE, Operator, wizard
from wizard.simulator import Simulator

PRODUCTION = "/subscriptions/22222222-2222-2222-2222-222222222222"
VAULT = f"{PRODUCTION}/resourceGroups/rg-bank/providers/Microsoft.KeyVault/vaults/kv-bank-ledger"
IDENTITY = f"{PRODUCTION}/resourceGroups/rg-payments/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-payments"


async def pick(operator: Operator, choice: str, wanted: str, *, by_tab: bool = False) -> None:
    """Go to a choice of the form (`by_tab`: with Tab), open it, and take what is wanted."""
    await operator.until(lambda: "listing the" not in operator.frame(), "what there is")
    select = operator.app.screen.query_one(f"#{choice}-select")
    if not by_tab:
        select.focus()
    for _ in range(20):
        await operator.pilot.pause()
        if operator.app.focused is select:
            break
        await operator.press("tab")
    assert operator.app.focused is select, operator.frame()
    await operator.press("enter")
    if isinstance(operator.app.screen, PickDialog):  # a list with a filter, which finds every word of it
        await operator.until(lambda: isinstance(operator.app.focused, Input), "the filter")
        await operator.paste(wanted.replace("·", " "))
        await operator.press("enter")
        return
    await operator.until(lambda: isinstance(operator.app.focused, OptionList), "the options")
    options = operator.app.focused
    assert isinstance(options, OptionList)
    prompts = [str(options.get_option_at_index(at).prompt) for at in range(options.option_count)]
    options.highlighted = next(at for at, prompt in enumerate(prompts) if wanted in prompt)
    await operator.press("enter")


async def test_existing_vault_key_and_identity_are_used_and_not_created(tmp_path: Path) -> None:
    async with (
        Simulator("contoso", speed=math.inf) as simulator,
        wizard(simulator, tmp_path, LARGE) as operator,
    ):
        await operator.to_clusters()
        await operator.choose("payments-prod")
        await operator.take_key("Private")
        await operator.sees("Vault, key and identity for payments-prod")
        await pick(operator, "vault", "kv-bank-ledger", by_tab=True)
        await pick(operator, "key", "ledger-kms")
        await pick(operator, "identity", "id-payments")
        await operator.press("ctrl+n")
        await operator.sees("Type the cluster name to confirm", "Enter, then type")
        before = len(simulator.writes())
        await operator.start("payments-prod")
        await operator.sees("Done in", "If infrastructure code owns this cluster", "x shows what it must say")
        await operator.press("l", "l")
        await operator.sees("log: all")
        await operator.press("right_square_bracket")
        await operator.sees("only feature")
        await operator.press("left_square_bracket", "left_square_bracket")
        await operator.sees("only verify")
        await operator.press("x")
        await operator.sees("Terraform for payments-prod", "azurerm_user_assigned_identity")
        await operator.press("escape", "enter")
        await operator.sees(
            "payments-prod: secrets are encrypted with the customer-managed key kv-bank-ledger/ledger-kms."
        )
        cluster = simulator.resource(
            f"{PRODUCTION}/resourceGroups/rg-payments/providers/Microsoft.ContainerService/managedClusters/payments-prod"
        )
        assert cluster is not None
        assert cluster["properties"]["securityProfile"]["azureKeyVaultKms"] == {
            "enabled": True,
            "keyId": "https://kv-bank-ledger.vault.local.test/keys/ledger-kms",
            "keyVaultNetworkAccess": "Private",
            "keyVaultResourceId": VAULT,
        }
        assert [key.lower() for key in cluster["identity"]["userAssignedIdentities"]] == [IDENTITY.lower()]
        written = [request.path.lower() for request in simulator.writes()[before:]]
        assert {path.split("/providers/")[-1].split("/")[0] for path in written} == {
            "microsoft.authorization",
            "microsoft.containerservice",
        }
