"""`aks-kms check`: the tools, with what needs them; the sign-in; the subscriptions."""

import asyncio
import json
import os
from typing import TYPE_CHECKING, Any

import click

from screens.cli.connection import cloud_note, opened
from screens.cli.options import Settings, azure_options, output_option, settings_of
from screens.cli.outcome import carry_out, code_of, problem_text, show
from screens.exit_codes import DONE
from wizard.errors import AzureError, Problem
from wizard.reports.table import table
from wizard.reports.wording import TOOL_STATES

if TYPE_CHECKING:
    from wizard.cloud.tools import Prerequisite


@click.command("check")
@output_option("table", "json")
@azure_options
@click.pass_context
def command(ctx: click.Context, output: str) -> int:
    """What must be there: the tools, with what needs them; the sign-in; the subscriptions.

    aks-kms itself needs none of the tools: only the sign-in decides the exit code.
    """
    return carry_out(_check(settings_of(ctx), output))


async def _check(settings: Settings, output: str) -> int:
    from wizard.cloud.tools import check

    tools, door = await asyncio.gather(check(os.environ), _look(settings))
    if output == "json":
        show(
            json.dumps(
                {"prerequisites": [tool.to_json() for tool in tools], "sign_in": door.to_json()}, indent=2
            )
        )
    else:
        show(_text(tools, door))
    return door.code


class _Door:
    """Who is signed in and what they see, or why nobody is."""

    def __init__(self, note: str, body: dict[str, Any], problem: Problem | None = None) -> None:
        self.note = note
        self.body = body
        self.problem = problem

    @property
    def code(self) -> int:
        return code_of(self.problem) if self.problem else DONE

    def to_json(self) -> dict[str, Any]:
        if self.problem:
            return {"signed_in": False, "problem": self.problem.to_json()}
        return {"signed_in": True, **self.body}


async def _look(settings: Settings) -> _Door:
    try:
        async with opened(settings) as azure:
            found = await azure.subscriptions()
            who = azure.signed_in
            subscriptions = [{"id": row.id, "name": row.name, "state": row.state} for row in found]
            return _Door(
                cloud_note(azure),
                {
                    "cloud": azure.cloud.name,
                    "name": who.name,
                    "object_id": who.object_id,
                    "tenant_id": who.tenant_id,
                    "subscriptions": subscriptions,
                },
            )
    except AzureError as error:
        return _Door("", {}, error.problem)


def _text(tools: "list[Prerequisite]", door: _Door) -> str:
    rows = [
        (TOOL_STATES[tool.state][0], tool.name, tool.state, tool.found or "", tool.required, tool.needed_by)
        for tool in tools
    ]
    lines = [table(("", "TOOL", "STATE", "FOUND", "REQUIRED", "NEEDED BY"), rows)]
    for tool in tools:
        if tool.state != "found":
            why = f" ({tool.note})" if tool.note else ""
            lines.append(f"  {tool.name} is {tool.state}{why}; mend it with: {tool.remedy}")
    lines += ["", "aks-kms itself needs none of these tools: it talks to Azure directly.", ""]
    if door.problem:
        lines.append(problem_text(door.problem))
        return "\n".join(lines)
    lines += [f"✓ {door.note}", f"  tenant {door.body['tenant_id']}"]
    subscriptions = [(row["name"], row["id"], row["state"]) for row in door.body["subscriptions"]]
    if subscriptions:
        lines += ["", table(("SUBSCRIPTION", "ID", "STATE"), subscriptions)]
    else:
        lines.append("! No subscription can be seen: ask for a role in one, or sign in to another tenant.")
    return "\n".join(lines)
