"""The registration of commands: one module each, and one line in the table of `main.py`."""

import importlib
import pkgutil

import pytest

from screens import cli
from screens.cli.main import COMMANDS


def test_every_module_with_a_command_is_registered() -> None:
    modules = [
        importlib.import_module(f"screens.cli.{each.name}") for each in pkgutil.iter_modules(cli.__path__)
    ]
    assert {each.__name__.rpartition(".")[2] for each in modules if hasattr(each, "command")} == set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_a_command_begins_with_its_line_in_the_table(name: str) -> None:
    command = importlib.import_module(f"screens.cli.{name}").command
    assert command.name == name
    assert command.help.split("\n\n")[0] == COMMANDS[name]
