"""The facts of a key's body: when the vault creates its next version."""

from datetime import UTC, datetime
from typing import Any

import pytest

from wizard.state.key import KeyState

CREATED, EXPIRES = (int(datetime(2026, month, 1, tzinfo=UTC).timestamp()) for month in (1, 7))


@pytest.mark.parametrize(
    ("trigger", "attributes", "date"),
    [
        ({"timeAfterCreate": "P30D"}, {"created": CREATED}, "2026-01-31"),
        ({"timeBeforeExpiry": "P30D"}, {"created": CREATED, "exp": EXPIRES}, "2026-06-01"),
        ({}, {"created": CREATED, "exp": EXPIRES}, "2026-07-01"),
        ({"timeAfterCreate": "P30D"}, {}, None),
        ({"timeBeforeExpiry": "P30D"}, {"created": CREATED}, None),
        ({"timeAfterCreate": "often"}, {"created": CREATED, "exp": EXPIRES}, None),
    ],
)
def test_the_next_rotation_is_known_from_the_policy_and_the_dates(
    trigger: dict[str, str], attributes: dict[str, Any], date: str | None
) -> None:
    action = {"action": {"type": "rotate"}, "trigger": trigger}
    body = {"properties": {"attributes": attributes, "rotationPolicy": {"lifetimeActions": [action]}}}
    next_one = KeyState(body).next_rotation
    assert (next_one and f"{next_one:%Y-%m-%d}") == date
