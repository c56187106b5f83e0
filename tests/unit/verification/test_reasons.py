"""The short reasons of checks, for the tables of a fleet."""

import pytest

from wizard.verification.reasons import REASONS, joined, reason, reasons
from wizard.verification.report import CENTRAL, Check, Outcome
from wizard.verification.verdict import CODES


def test_every_check_has_a_short_reason() -> None:
    assert REASONS.keys() == CODES
    assert max(map(len, REASONS.values())) <= 40


@pytest.mark.parametrize(
    ("code", "outcome", "unread", "says"),
    [
        (CENTRAL, "failed", "", "no KMS key"),
        (CENTRAL, "warning", "", "not migrated"),
        (CENTRAL, "unknown", "", "not certain: operation not completed"),
        ("key-expiry", "failed", "", "key expired"),
        ("key-expiry", "warning", "", "key expires soon"),
        ("vault-lock", "warning", "", "vault not protected from deletion"),
        ("vault-lock", "unknown", "the locks", "not certain: locks not read"),
        ("identity-role", "unknown", "", "not certain: identity role"),
    ],
)
def test_a_reason_says_what_is_wrong_or_what_was_not_read(
    code: str, outcome: Outcome, unread: str, says: str
) -> None:
    assert reason(Check(code, "cluster", outcome, "A sentence.", unread=unread)) == says


def test_of_many_reasons_two_are_shown_each_once() -> None:
    codes = ("infrastructure-encryption", "key-enabled", "key-type", "vault-rbac")
    found = reasons(Check(code, "key", "failed", "") for code in (*codes, codes[0]))
    assert joined(found) == "not migrated, key disabled +2"
    assert joined(found, 1) == "not migrated +3"
    assert joined(()) == ""
