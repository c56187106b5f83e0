"""`aks-kms script`: the same procedure as an Azure CLI shell script."""

import click

from screens.headless.options import answers_option
from screens.headless.outcome import DONE, carry_out, read_answers, show


@click.command("script")
@answers_option
def command(path: str) -> int:
    """The same procedure as an Azure CLI shell script, as the how-to writes it.

    Nothing is asked of Azure. The script needs the Azure CLI with its aks-preview extension (`aks-kms check`).
    """
    return carry_out(_script(path))


async def _script(path: str) -> int:
    from wizard.procedure.script import script

    show(script(read_answers(path)).rstrip("\n"))
    return DONE
