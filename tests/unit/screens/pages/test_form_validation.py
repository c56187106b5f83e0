"""Every finding has its place in the form: below what it is about, or at the bottom."""

import re
from pathlib import Path

import pytest

import wizard.rules
from screens.pages.form_validation import place_of
from screens.pages.vault_entries import PARTS

ENTRIES = {*PARTS, *(part for parts in PARTS.values() for part in parts)}


@pytest.mark.parametrize(
    ("code", "place"),
    [
        ("vault-soft-deleted", "vault-name"),
        ("vault-shared", "vault"),
        ("key-type", "key"),
        ("key-hsm-needs-premium", "key-type"),
        ("vault-firewall-bars-key", "through"),
        ("identity-replaced", "identity"),
        ("rights-missing", ""),
        ("scope-locked", ""),
        ("policy-denies", ""),
        ("cluster-busy", ""),
    ],
)
def test_where_a_finding_belongs(code: str, place: str) -> None:
    assert place_of(code) == place


def test_every_code_of_the_rules_belongs_to_an_entry_that_exists_or_to_the_bottom() -> None:
    folder = Path(wizard.rules.__file__).parent
    text = "\n".join(path.read_text("utf-8") for path in folder.glob("*.py"))
    codes = re.findall(r'"(?:error|warning|info)",\s+"([a-z0-9-]+)"', text)
    assert len(codes) > 40
    assert {place_of(code) for code in codes} <= {*ENTRIES, ""}
