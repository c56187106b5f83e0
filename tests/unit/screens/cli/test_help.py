"""The help of each command: sections, length and examples."""

import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from screens.cli.help import Command, Group
from screens.cli.main import cli
from tests.in_process import run

GLOBAL = (
    "--simulate[=SCENARIO]",
    "--speed",
    "--cloud",
    "--arm-endpoint",
    "--credential",
    "--timeout",
    "--verbose",
)


def commands(group: click.Group = cli, *names: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Yield every command and subcommand with its names."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command
        yield (*names, name), command
        if isinstance(command, click.Group):
            yield from commands(command, *names, name)


ALL = dict(commands())


def help_of(*names: str) -> str:
    """Return the help, 80 columns wide."""
    context = click.Context(ALL[names], info_name=" ".join(("aks-kms", *names)), terminal_width=80)
    return ALL[names].get_help(context)


@pytest.mark.parametrize("names", ALL, ids=" ".join)
def test_options_of_the_command_come_before_the_global_ones(names: tuple[str, ...]) -> None:
    text = help_of(*names)
    own, _, shared = text.partition("\nGlobal options:\n")
    assert "--help" in shared
    assert max(map(len, text.splitlines())) <= 80
    if "--simulate" in text.partition("\nExamples:\n")[0]:
        assert not [option for option in GLOBAL if option in own.partition("\nOptions:\n")[2]]
        assert all(option in shared for option in GLOBAL)
        assert len(shared.partition("\n\n")[0].splitlines()) <= 12


@pytest.mark.parametrize("names", [names for names in ALL if len(names) == 1], ids=" ".join)
def test_every_command_has_two_or_three_examples(names: tuple[str, ...]) -> None:
    command = ALL[names]
    assert isinstance(command, Command | Group)
    assert 2 <= len(command.examples) <= 3
    assert all(f"  # {purpose}\n  {line}\n" in f"{help_of(*names)}\n" for purpose, line in command.examples)


@pytest.mark.parametrize(
    "line",
    [line for each in (cli, *ALL.values()) for _, line in each.examples],  # type: ignore[attr-defined]
)
def test_every_option_of_an_example_exists(line: str, tmp_path: Path) -> None:
    words = shlex.split(line.partition("aks-kms")[2].partition(">")[0].partition("|")[0].partition(")")[0])
    done = run(*words, "--help", home=tmp_path)
    assert done.code == 0, done.err
