"""The command line on a terminal: colour, wrapping, and machine formats that neither changes."""

import json
import re
from collections.abc import Mapping

import pytest

from screens.cli.options import COLORS
from tests.journeys.command_line import Shell
from tests.journeys.conftest import StartShell

SIMULATE = ("--simulate", "--speed=max")


def shown_on_terminal(
    shell: Shell, *arguments: str, columns: int, environment: Mapping[str, str | None] | None = None
) -> list[str]:
    """Return the lines that a terminal of this width is sent."""
    given = {"COLUMNS": str(columns)} | dict(environment or {})
    with shell.terminal(*arguments, environment=given) as terminal:
        terminal.ends()
        return terminal.shown.replace("\r\n", "\n").rstrip("\n").split("\n")


def plain(line: str) -> str:
    """Return a line without colours."""
    return re.sub(r"\x1b\[[0-9;]*[mK]", "", line)


@pytest.mark.sampled(2)
@pytest.mark.parametrize("output", ["json", "jsonl"])
def test_machine_formats_are_never_coloured_or_wrapped(output: str, shell: Shell) -> None:
    lines = shown_on_terminal(shell, *SIMULATE, "--color=always", "clusters", "-o", output, columns=50)
    data = [line for line in lines if plain(line) == line and line[:1] in {"{", "}", " "}]
    for each in data if output == "jsonl" else ["\n".join(data)]:
        json.loads(each)


@pytest.mark.parametrize("color", COLORS)
def test_colour_can_be_chosen_before_and_after_the_command(color: str, shell: Shell) -> None:
    for words in ([f"--color={color}", "check", *SIMULATE], ["check", *SIMULATE, f"--color={color}"]):
        done = shell.run(*words)
        assert done.code == 0, done.err
        assert ("\x1b[32m✓\x1b[0m" in done.out) == (color == "always")


def test_no_line_is_wider_than_the_terminal_and_colour_is_shown_unless_no_color_is_set(shell: Shell) -> None:
    file = shell.write("answers.yaml", shell.run("answers", "example", "customer-managed-private").out)
    ledger = ("verify", "-g", "rg-bank", "-n", "bank-ledger")
    for arguments, no_color in ((("check",), None), (("plan", "-f", file), None), (ledger, "1")):
        lines = shown_on_terminal(
            shell, *SIMULATE, *arguments, columns=80, environment={"NO_COLOR": no_color}
        )
        assert any("\x1b[32m" in line for line in lines) == (no_color is None), lines
        assert no_color is None or not [line for line in lines if re.search(r"\x1b\[[0-9;]*m", line)]
        for line in map(plain, lines):
            longest_word = max(map(len, line.split()), default=0)
            assert len(line) <= 80 or longest_word > 40 or line.lstrip().startswith("aks-kms "), line


def test_a_terminal_that_does_not_tell_its_width_gets_whole_lines(start_shell: StartShell) -> None:
    shell = start_shell()
    with shell.terminal("plan", "-f", "none.yaml", environment={"COLUMNS": None}) as terminal:
        assert terminal.ends() == 2
    assert "none.yaml: the file cannot be read: No such file or directory. Give" in terminal.shown, (
        "0 columns: unknown"
    )


def test_signs_are_words_where_the_terminal_has_no_unicode(shell: Shell) -> None:
    done = shell.run(*SIMULATE, "check", environment={"PYTHONIOENCODING": "ascii"})
    assert done.code == 0, done.err
    assert done.out.isascii()
    assert "\\u" not in done.out
    assert re.search(r"^OK ", done.out, re.MULTILINE)
