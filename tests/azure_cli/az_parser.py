"""The Azure CLI's own parser, asked whether it takes command lines: run with the Azure CLI's own Python.

Reads a JSON array of arguments a line; ends with an error at the first one that the parser refuses.
"""

import json
import sys
from typing import Any

from azure.cli.core import get_default_cli  # type: ignore[import-untyped]  # not in this project's environment
from azure.cli.core.commands.events import (  # type: ignore[import-untyped]
    EVENT_INVOKER_POST_LOAD_ARGUMENTS,
    EVENT_INVOKER_PRE_LOAD_ARGUMENTS,
)
from knack.events import EVENT_INVOKER_POST_CMD_TBL_CREATE  # type: ignore[import-not-found]


def parse(arguments: list[str]) -> Any:
    """What the parser makes of the arguments; it exits where it refuses them."""
    cli = get_default_cli()
    invocation = cli.invocation_cls(
        cli_ctx=cli,
        parser_cls=cli.parser_cls,
        commands_loader_cls=cli.commands_loader_cls,
        help_cls=cli.help_cls,
    )
    cli.invocation = invocation
    loader = invocation.commands_loader
    loader.load_command_table(arguments)
    prefixes = [" ".join(arguments[:end]) for end in range(len(arguments), 0, -1)]
    name = next((prefix for prefix in prefixes if prefix in loader.command_table), None)
    if name is None:
        sys.exit(f"no such command: {' '.join(arguments)}")
    invocation.data["command_string"] = name
    loader.command_name = name
    loader.command_table = {name: loader.command_table[name]}
    cli.raise_event(EVENT_INVOKER_PRE_LOAD_ARGUMENTS, commands_loader=loader)  # adds --subscription
    loader.load_arguments(name)
    cli.raise_event(EVENT_INVOKER_POST_LOAD_ARGUMENTS, commands_loader=loader)
    cli.raise_event(EVENT_INVOKER_POST_CMD_TBL_CREATE, commands_loader=loader)  # adds --ids
    invocation.parser.load_command_table(loader)
    return invocation.parser.parse_args(arguments)


for line in sys.stdin:
    print(line, file=sys.stderr, end="")
    parse(json.loads(line))
    print("taken")
