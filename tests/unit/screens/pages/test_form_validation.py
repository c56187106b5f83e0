"""The place of every finding in the form: at the entry it is about, or at none."""

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
def test_place_of_a_finding(code: str, place: str) -> None:
    assert place_of(code) == place


def test_place_of_every_code_exists_in_the_form() -> None:
    folder = Path(wizard.rules.__file__).parent
    text = "\n".join(path.read_text("utf-8") for path in folder.glob("*.py"))
    codes = re.findall(r'"(?:error|warning|info)",\s+"([a-z0-9-]+)"', text)
    assert len(codes) > 40
    assert {place_of(code) for code in codes} <= {*ENTRIES, ""}
