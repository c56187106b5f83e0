"""The Azure CLI's own parser, asked whether it takes command lines: run with the Azure CLI's own Python.

Reads a JSON array of arguments a line; ends with an error at the first one that the parser refuses.
"""

import json
import sys
from typing import Any

from azure.cli.core import get_default_cli  # type: ignore[import-untyped]  # not in this project's environment


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
    name = " ".join(arguments[:2])
    invocation.data["command_string"] = name
    loader = invocation.commands_loader
    loader.load_command_table(arguments)
    loader.command_name = name
    loader.command_table = {name: loader.command_table[name]}
    loader.load_arguments(name)
    invocation.parser.load_command_table(loader)
    return invocation.parser.parse_args(arguments)


for line in sys.stdin:
    parse(json.loads(line))
    print("taken")
