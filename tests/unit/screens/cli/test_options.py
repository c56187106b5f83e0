"""Global options: each is kept in a setting, and is part of the commands that are offered to paste."""

from dataclasses import fields
from typing import Any

import click

from screens.cli.help import GlobalOption
from screens.cli.main import COMMANDS, cli
from screens.cli.options import Settings

SETTINGS: dict[str, tuple[Any, str]] = {
    "simulate": ("encrypted", "--simulate=encrypted"),
    "speed": (30.0, "--speed 30"),
    "cloud": ("AzureChinaCloud", "--cloud AzureChinaCloud"),
    "arm_endpoint": ("https://arm.example", "--arm-endpoint https://arm.example"),
    "credential": ("azure-cli", "--credential azure-cli"),
    "timeouts": ({"role_assignment": 60.0}, "--timeout role-assignment=60"),
    "color": ("never", ""),
    "verbose": (2, ""),
}
"""A value for each setting, and how a command to paste says it; empty for how the output looks."""


def test_every_global_option_is_a_setting() -> None:
    context = click.Context(cli)
    commands = [cli, *filter(None, (cli.get_command(context, name) for name in COMMANDS))]
    found = {
        option.name for command in commands for option in command.params if isinstance(option, GlobalOption)
    }
    assert found <= {each.name for each in fields(Settings)}


def test_every_setting_is_part_of_a_command_to_paste() -> None:
    assert {each.name for each in fields(Settings)} == SETTINGS.keys()
    for name, (value, said) in SETTINGS.items():
        assert Settings(**{name: value}).command("plan") == " ".join(filter(None, ("aks-kms", said, "plan")))
