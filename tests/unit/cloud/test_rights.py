"""Permissions as an SDK returns them: an entry that names no actions says nothing, not that nothing is allowed."""

from types import SimpleNamespace

import pytest

from wizard.cloud.rights import Permission, _permissions


def entry(**fields: list[str]) -> SimpleNamespace:
    nothing = dict.fromkeys(("actions", "not_actions", "data_actions", "not_data_actions"))
    return SimpleNamespace(**{**nothing, **fields})


def test_a_role_for_data_alone_allows_no_other_action() -> None:
    read = entry(actions=["*/read"], not_actions=["x/read"])
    assert _permissions([read, entry(data_actions=["*"])]) == (
        Permission(("*/read",), ("x/read",)),
        Permission((), ()),
    )
    assert _permissions([entry(actions=[])]) == (Permission((), ()),)
    assert _permissions(None) == ()


@pytest.mark.parametrize("odd", [entry(), entry(data_actions=[]), entry(not_actions=["*"])])
def test_an_entry_without_actions_is_not_understood(odd: SimpleNamespace) -> None:
    with pytest.raises(ValueError, match="without actions"):
        _permissions([odd])
