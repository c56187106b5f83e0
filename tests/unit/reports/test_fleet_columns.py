"""The columns of a fleet: what each format has of them."""

import re
from pathlib import Path

from tests.support import PRODUCTION
from wizard.cloud.encryption import Encryption
from wizard.cloud.inventory import ClusterRow
from wizard.reports.fleet_columns import COLUMNS, TABLE, Listed, by_verdict, json_of
from wizard.verification.report import Outcome

ROOT = Path(__file__).parents[3]


def listed(name: str, outcome: Outcome = "failed", version: str = "1.34.2") -> Listed:
    identity = ("/id", name, "rg-demo", PRODUCTION, "Contoso Production", "westus2", version)
    row = ClusterRow(*identity, "service principal", Encryption.of({}), "Succeeded", "Running", 1, 3)
    return Listed(row, outcome, "not-verified", ("no KMS key", "last operation failed"), True)


def test_the_documents_list_the_keys_of_the_columns() -> None:
    text = (ROOT / "docs/command-line.md").read_text("utf-8").partition("- `clusters`: `clusters` (")[2]
    assert re.findall(r"`(\w+)`", text.partition(")")[0]) == list(json_of(listed("aks-demo")))


def test_the_table_has_the_shorter_texts() -> None:
    cells = [column.cell(listed("aks-demo"), wide=False) for column in TABLE]
    assert cells[-2:] == ["none", "needs an identity"]
    note = next(column for column in COLUMNS if column.key == "reason")
    assert note.cell(listed("a"), wide=True) == "no KMS key, last operation failed; needs a managed identity"


def test_versions_are_sorted_by_their_numbers_and_verdicts_by_severity() -> None:
    version = next(column for column in COLUMNS if column.key == "kubernetes_version")
    assert version.place(listed("a", version="1.9.11")) < version.place(listed("a", version="1.34.2"))
    assert by_verdict(listed("z")) < by_verdict(listed("a", "unknown")) < by_verdict(listed("a", "warning"))
