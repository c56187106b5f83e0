"""A sentence names a few of many."""

from wizard.system.names import listed


def test_at_most_five_names_are_listed() -> None:
    assert listed([]) == ""
    assert listed("abcde") == "a, b, c, d, e"
    assert listed(map(str, range(1234))) == "0, 1, 2, 3, 4 and 1,229 more"
