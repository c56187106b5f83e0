"""`aks-kms answers`: examples of answers files, and their schema."""

import json

import click

from screens.cli.outcome import show
from screens.exit_codes import DONE
from wizard.answers.examples import KINDS, ExampleKind


@click.group("answers")
def command() -> None:
    """Answers files: what `plan`, `apply` and `script` read. No secret ever belongs in one."""


@command.command("example")
@click.argument("kind", type=click.Choice(KINDS))
def example(kind: ExampleKind) -> int:
    """A commented answers file to begin with.

    It runs as it is on the default simulated Azure.
    """
    from wizard.answers import examples

    click.echo(examples.example(kind), nl=False)
    return DONE


@command.command("schema")
def schema() -> int:
    """The JSON Schema of answers files."""
    from wizard.answers.model import schema as of_answers  # pydantic is for nobody else in this file

    show(json.dumps(of_answers(), indent=2))
    return DONE
