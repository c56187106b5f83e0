"""`aks-kms answers`: example answers files, and their JSON Schema."""

import json

import click

from screens.cli.help import Choice, Group
from screens.cli.outcome import write_stdout
from screens.exit_codes import SUCCESS
from wizard.answers.examples import KINDS, ExampleKind


@click.group(
    "answers",
    cls=Group,
    examples=(
        (
            "Write an answers file to start from",
            "aks-kms answers example customer-managed-private > answers.yaml",
        ),
        ("Write the schema for an editor", "aks-kms answers schema > answers.schema.json"),
    ),
)
def command() -> None:
    """Print example answers files and their JSON Schema.

    An answers file is the input of `plan`, `apply` and `script`. It never contains a secret.
    """


@command.command(
    "example",
    examples=(
        ("Write an answers file", "aks-kms answers example platform-managed > answers.yaml"),
        ("See what it would change, with the simulator", "aks-kms --simulate plan -f answers.yaml"),
    ),
)
@click.argument("kind", type=Choice(KINDS), metavar="KIND")
def example(kind: ExampleKind) -> int:
    """Print a commented answers file to start from.

    KIND is platform-managed, customer-managed-private or customer-managed-public. The file runs unchanged on the default
    scenario of the simulator.
    """
    from wizard.answers import examples

    click.echo(examples.example(kind), nl=False)
    return SUCCESS


@command.command("schema")
def schema() -> int:
    """Print the JSON Schema of answers files."""
    from wizard.answers.model import schema as answers_schema  # pydantic, which only this command needs

    write_stdout(json.dumps(answers_schema(), indent=2))
    return SUCCESS
