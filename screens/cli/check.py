"""`aks-kms check`: the tools and what needs them, the sign-in, the subscriptions."""

import asyncio
import json
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from screens.cli.connection import cloud_note, connect
from screens.cli.help import Command
from screens.cli.options import Settings, azure_options, output_option, settings_of
from screens.cli.outcome import code_of, problem_text, run_command, write_result, write_stdout
from screens.exit_codes import SUCCESS
from wizard.cloud.default_subscription import default_subscription
from wizard.errors import AzureError, Problem
from wizard.reports.table import table
from wizard.reports.wording import TOOL_STATES
from wizard.system.sanitize import one_line

if TYPE_CHECKING:
    from wizard.cloud.tools import Prerequisite


@click.command(
    "check",
    cls=Command,
    examples=(
        ("Check the sign-in and the subscriptions", "aks-kms check"),
        ("Try it without Azure", "aks-kms check --simulate"),
    ),
)
@output_option("table", "json")
@azure_options
@click.pass_context
def command(ctx: click.Context, output: str) -> int:
    """Check prerequisites: tools, sign-in and subscriptions.

    aks-kms itself needs none of the tools. Only the sign-in determines the exit code.
    """
    return run_command(_check(settings_of(ctx), output))


async def _check(settings: Settings, output: str) -> int:
    from wizard.cloud.tools import check

    tools, sign_in = await asyncio.gather(check(os.environ), _sign_in(settings))
    if output == "json":
        body = {"prerequisites": [tool.to_json() for tool in tools], "sign_in": sign_in.to_json()}
        write_stdout(json.dumps(body, indent=2))
    else:
        write_result(_text(tools, sign_in, settings.command()))
    return sign_in.code


class _SignIn:
    """The signed-in identity and its subscriptions, or the problem that prevents the sign-in."""

    def __init__(self, note: str, body: dict[str, Any], problem: Problem | None = None) -> None:
        self.note = note
        self.body = body
        self.problem = problem

    @property
    def code(self) -> int:
        return code_of(self.problem) if self.problem else SUCCESS

    def to_json(self) -> dict[str, Any]:
        if self.problem:
            return {"signed_in": False, "problem": self.problem.to_json()}
        return {"signed_in": True, **self.body}


async def _sign_in(settings: Settings) -> _SignIn:
    try:
        async with connect(settings) as azure:
            subscriptions = await azure.subscriptions()
            identity = azure.signed_in
            return _SignIn(
                cloud_note(azure),
                {
                    "cloud": azure.cloud.name,
                    "name": identity.name,
                    "object_id": identity.object_id,
                    "tenant_id": identity.tenant_id,
                    "subscriptions": [
                        {"id": row.id, "name": row.name, "state": row.state} for row in subscriptions
                    ],
                },
            )
    except AzureError as error:
        return _SignIn("", {}, error.problem)


def _text(tools: "list[Prerequisite]", sign_in: _SignIn, start: str) -> str:
    """Return the sign-in first, then the tools, and last whether one can start. `start` is the command for it."""
    rows = [*_sign_in_rows(sign_in), *(row for tool in tools for row in _tool_rows(tool))]
    width = max(len(label) for _, label, _ in rows)
    lines = [problem_text(sign_in.problem), ""] if sign_in.problem else []
    lines += [f"{sign:<1} {label:<{width}}  {text}".rstrip() for sign, label, text in rows]
    if any(tool.state != "found" for tool in tools):
        lines += ["", "aks-kms itself needs none of these tools: it connects to Azure directly."]
    return "\n".join([*lines, "", _result(sign_in, start)])


def _result(sign_in: _SignIn, start: str) -> str:
    if sign_in.problem:
        return f"Not ready: {sign_in.problem.summary}"
    if not sign_in.body["subscriptions"]:
        return "Not ready: no accessible subscription. Ask for a role in one, or sign in to another tenant."
    return f"Ready. Start with: {start}"


def _sign_in_rows(sign_in: _SignIn) -> Iterator[tuple[str, str, str]]:
    if sign_in.problem:
        return
    yield "✓", "Azure", one_line(sign_in.note)
    yield "✓", "Tenant", one_line(str(sign_in.body["tenant_id"]))
    default = default_subscription(os.environ)
    subscriptions = [
        (row["name"], row["id"], row["state"], "(default)" if row["id"].lower() == default else "")
        for row in sign_in.body["subscriptions"]
    ]
    if not subscriptions:
        yield "✗", "Subscriptions", "none"
        return
    for number, line in enumerate(table(("", "", "", ""), subscriptions).splitlines()):
        yield ("", "", line) if number else ("✓", "Subscriptions", line)


def _tool_rows(tool: "Prerequisite") -> Iterator[tuple[str, str, str]]:
    """Yield a tool, and how to get it if it is not found; aks-kms itself needs none."""
    sign = TOOL_STATES[tool.state][0]
    if tool.state == "found":
        yield sign, tool.name, one_line(tool.found or "")
        return
    state = " ".join(filter(None, (tool.found, tool.state))) + (f" ({tool.note})" if tool.note else "")
    yield sign, tool.name, one_line(f"{state}; needed by {tool.needed_by}: {tool.required}")
    if tool.remedy:
        yield "", "", f"to fix: {one_line(tool.remedy)}"
