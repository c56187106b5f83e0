"""The Azure CLI carries out every command that a remedy prints, as printed, or passes on what Azure refuses."""

import shlex

import pytest

from tests.azure_cli.cli import AzureCli
from tests.azure_cli.preview_shim import split
from tests.remedies import az_commands
from tests.support import identity_id
from tests.unit.test_remedies import REMEDIES

WORLD = "encrypted"
GIVEN = {"YOUR-ADDRESS": "203.0.113.1", "IDENTITY_ID": identity_id()}
"""What the reader of a remedy fills in."""
NOT_HERE = {
    ("aks", "operation", "show-latest"): "a command of the extension aks-preview",
    ("login",): "it opens a browser",
}
USAGE = 2
ASKS = "NoTTYException"
"""The command asks its reader for a confirmation."""


@pytest.mark.timeout(300)
def test_every_command_of_a_remedy_runs_as_printed(az: AzureCli) -> None:
    commands = az_commands(REMEDIES)
    assert len(commands) > 40
    for arguments in commands:
        rest, flags = split([GIVEN.get(word, word) for word in arguments])
        if flags or any(tuple(rest[: len(words)]) == words for words in NOT_HERE):
            continue
        waits = ["--interval", "1", "--timeout", "1"] if rest[:2] == ["aks", "wait"] else []
        ran = az.run(shlex.join([*rest, *waits]))
        assert ran.code != USAGE, ran
        assert "Traceback" not in ran.err or ASKS in ran.err, ran
        assert "No registered resource provider found" not in ran.err, ran
