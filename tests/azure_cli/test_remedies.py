"""The Azure CLI's own parser takes every command that a remedy prints, as printed."""

import json

from tests.azure_cli.parity import parsed
from tests.azure_cli.preview_shim import split
from tests.remedies import az_commands
from tests.unit.test_remedies import REMEDIES

OF_THE_EXTENSION = ["aks", "operation", "show-latest"]


def test_the_parser_takes_every_command_of_a_remedy() -> None:
    commands = [split(each)[0] for each in az_commands(REMEDIES) if each[:3] != OF_THE_EXTENSION]
    assert len(commands) > 40
    parsed([json.dumps(each) for each in commands])
