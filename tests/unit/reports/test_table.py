"""Tables as plain text: aligned, and shortened to a width."""

from wizard.reports.table import table

HEADS = ("CLUSTER", "GROUP", "NOTE")
ROWS = [("aks-demo", "rg-with-a-long-name", "stopped"), ("a\nb", "rg", "")]


def test_columns_are_aligned_and_cells_on_one_line() -> None:
    assert table(HEADS, ROWS, indent="  ").splitlines() == [
        "  CLUSTER   GROUP                NOTE",
        "  aks-demo  rg-with-a-long-name  stopped",
        "  a b       rg",
    ]


def test_only_the_given_columns_are_shortened_and_only_as_far_as_needed() -> None:
    shown = table(HEADS, ROWS, width=34, shorten=(1,))
    assert shown.splitlines()[1] == "aks-demo  rg-with-a-long…  stopped"
    assert max(map(len, shown.splitlines())) <= 34
    assert table(HEADS, ROWS, width=200, shorten=(1,)) == table(HEADS, ROWS)
    assert "rg-with…" in table(HEADS, ROWS, width=5, shorten=(1,)), "eight characters are left"
