"""Text on a terminal: wrapping, colour and ASCII signs; a pipe gets it unchanged."""

import io
from types import SimpleNamespace
from typing import Any

import click
import pytest

from screens.cli.name_links import link_names, names_to_link, with_links
from screens.cli.render import render, wrap
from wizard.cloud.endpoints import CLOUDS

TEXT = """✗ aks-demo: not verified.
  2 of 3 checks passed.

  ✓ key-exists   The key exists
                 found: kv-demo/aks-kms → ok
  ! vault-lock   No lock"""


class Stream(io.StringIO):
    """A stream with an encoding, which may be a terminal."""

    def __init__(self, *, terminal: bool = False, encoding: str = "utf-8") -> None:
        super().__init__()
        self._terminal, self._encoding = terminal, encoding

    def isatty(self) -> bool:
        return self._terminal

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._encoding


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "CLICOLOR_FORCE", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")


def test_a_pipe_gets_the_lines_unchanged() -> None:
    text = f"{TEXT}\n{'long ' * 60}"
    assert render(text, Stream()) == text


def test_signs_are_coloured_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = render(TEXT, Stream(terminal=True)).splitlines()
    assert shown[0] == "\x1b[31m✗\x1b[0m aks-demo: not verified."
    assert shown[3].startswith("  \x1b[32m✓\x1b[0m key-exists")
    assert shown[5].startswith("  \x1b[33m!\x1b[0m vault-lock")
    assert "\x1b" not in shown[1] + shown[4]
    monkeypatch.setenv("NO_COLOR", "1")
    assert render(TEXT, Stream(terminal=True)) == TEXT
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "dumb")
    assert render(TEXT, Stream(terminal=True)) == TEXT
    monkeypatch.setenv("CLICOLOR_FORCE", "1")
    assert "\x1b[31m✗" in render(TEXT, Stream())


def test_signs_become_words_where_they_cannot_be_encoded() -> None:
    shown = render(TEXT, Stream(encoding="ascii")).splitlines()
    assert shown == [
        "FAIL aks-demo: not verified.",
        "     2 of 3 checks passed.",
        "",
        "  OK   key-exists   The key exists",
        "                    found: kv-demo/aks-kms -> ok",
        "  WARN vault-lock   No lock",
    ]
    assert "\n".join(shown).isascii()


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        ("  ✗ code      one two three four", ["  ✗ code      one two", "              three four"]),
        ("✗ one two three four five six seven", ["✗ one two three four five", "  six seven"]),
        ("no gap and no sign, but a long text", ["no gap and no sign, but a", "long text"]),
        (
            "  one  two  three four five  fifteen-letters",
            ["  one  two  three four", "       five", "       fifteen-letters"],
        ),
        ("short", ["short"]),
        ("", [""]),
    ],
)
def test_the_last_column_of_a_line_is_wrapped(
    line: str, parts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("screens.cli.render._NARROWEST", 10)
    assert wrap(line, 26) == parts


def test_no_word_and_no_command_is_broken() -> None:
    command = "  aks-kms verify --id /subscriptions/22222222-2222-2222-2222-222222222222 --output json"
    assert wrap(command, 48) == [command], "so that it can be copied"
    assert wrap(f"  ! lock  what to do  It can be locked again later: {command.strip()}", 60) == [
        "  ! lock  what to do  It can be locked again later:",
        " " * 22 + command.strip(),
    ]
    word = "x" * 60
    assert wrap(f"found {word} there", 48) == ["found", word, "there"]
    assert "`aks-kms answers example customer-managed`" in wrap(
        "Give the path of an answers file: `aks-kms answers example customer-managed`", 60
    )


def test_prose_is_at_most_a_hundred_characters_wide_and_a_table_as_wide_as_the_terminal() -> None:
    assert max(map(len, wrap("word " * 60, 200))) <= 100
    row = "  ".join(["cell" * 5] * 8)
    assert wrap(row, 200) == [row]


def test_columns_are_taken_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    assert max(map(len, render("word " * 60, Stream(terminal=True)).splitlines())) <= 60


LINKED = "\x1b]8;;https://portal/x\x1b\\{}\x1b]8;;\x1b\\"


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("Encrypt aks-demo with aks-demo", f"Encrypt {LINKED.format('aks-demo')} with aks-demo"),
        ("  by kv-demo/aks-kms", f"  by {LINKED.format('kv-demo')}/aks-kms"),
        ("no aks-demo-2 and /vaults/kv-demo, kv-demo.vault.azure.net", ""),
        ("To fix: az aks show -n aks-demo", ""),
    ],
)
def test_names_are_links_once_in_a_line_and_never_in_a_command_or_an_id(line: str, shown: str) -> None:
    names = {"aks-demo": "https://portal/x", "kv-demo": "https://portal/x"}
    assert with_links(line, names) == (shown or line)


@pytest.mark.parametrize(
    ("terminal", "environment", "links"),
    [
        (True, {}, True),
        (False, {"CLICOLOR_FORCE": "1"}, False),
        (True, {"NO_COLOR": "1"}, False),
        (True, {"TERM": "dumb", "CLICOLOR_FORCE": "1"}, False),
    ],
)
def test_links_are_for_a_terminal_that_has_colours(
    terminal: bool, environment: dict[str, str], links: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    azure: Any = SimpleNamespace(cloud=CLOUDS["AzureCloud"], signed_in=SimpleNamespace(tenant_id="t"))
    with click.Context(click.Command("verify")):
        link_names(
            azure, ["/subscriptions/s/resourceGroups/g/x/aks-demo", "/subscriptions/s/\x1b[31m/odd\x07"]
        )
        assert set(names_to_link()) <= {"aks-demo", "odd"}
        shown = render("! aks-demo has a warning", Stream(terminal=terminal))
    assert (
        "\x1b]8;;https://portal.azure.com/#@t/resource/subscriptions/s/resourceGroups/g/x/aks-demo\x1b"
        in shown
    ) is links
    assert ("\x1b]8" in shown) is links
