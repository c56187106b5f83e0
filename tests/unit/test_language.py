"""Words that must not come back in what users read: help texts, messages, reports, documents. CONTRIBUTING.md has the style."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from screens.cli.main import COMMANDS, cli

ROOT = Path(__file__).parents[2]
BANNED = re.compile(
    r"(?<![\w-])(?:from birth|for ever|anew|mend(?:s|ed)?|whoever|whatever|somebody|nobody|begun|heed|hindrances?|patience|second look"
    r"|asked once|carr(?:y|ies|ied|ying) (?:it )?on|held against|goes on|going on|settl(?:e|es|ed|ing)|under way"
    r"|passing fault|roads?|worlds?|door|(?:of|by) itself|all the same|so already|decides? by|ask(?:s|ed)? again|forever|unasked"
    r"|nevertheless|hence|thus|lest|thereof|wherein|whilst|surroundings|(?:il)?legible|spine|farewell|stands)(?![\w-])",
    re.IGNORECASE,
)
EXEMPT = ("wizard/simulator",)
"""The simulator repeats the texts of Azure."""


def strings(file: Path) -> Iterator[str]:
    """Yield the string literals of a module that can be part of a sentence: no docstrings, no keys."""
    tree = ast.parse(file.read_text("utf-8"))
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    in_texts = {
        id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values
    }
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in docstrings
            and (" " in node.value or id(node) in in_texts)
        ):
            yield node.value


def packages() -> dict[str, list[Path]]:
    """Return the modules by package, `screens/app.py` and its like by the folder alone."""
    found: dict[str, list[Path]] = {}
    for file in sorted([*(ROOT / "screens").rglob("*.py"), *(ROOT / "wizard").rglob("*.py")]):
        parts = file.relative_to(ROOT).parts
        found.setdefault("/".join(parts[:2] if len(parts) > 2 else parts[:1]), []).append(file)
    return {name: files for name, files in found.items() if name not in EXEMPT}


def banned(texts: Iterator[str]) -> list[str]:
    """Return each banned word with its text."""
    return sorted({f"{match[0]!r} in {text[:120]!r}" for text in texts for match in BANNED.finditer(text)})


@pytest.mark.parametrize("package", sorted(packages()))
def test_messages_have_no_banned_word(package: str) -> None:
    assert banned(text for file in packages()[package] for text in strings(file)) == []


def helps(command: click.Command) -> Iterator[str]:
    """Yield the help texts of a command, its options and its subcommands."""
    yield from filter(None, (command.help, command.epilog))
    yield from (option.help for option in command.params if isinstance(option, click.Option) and option.help)
    for each in command.commands.values() if isinstance(command, click.Group) else ():
        yield from helps(each)


def test_help_texts_have_no_banned_word() -> None:
    context = click.Context(cli)
    commands = [cli, *filter(None, (cli.get_command(context, name) for name in COMMANDS))]
    assert banned(text for command in commands for text in (*helps(command), *COMMANDS.values())) == []


DOCUMENTS = {str(path.relative_to(ROOT)) for path in (*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"))}


@pytest.mark.parametrize("document", sorted(DOCUMENTS))
def test_documents_have_no_banned_word(document: str) -> None:
    assert banned(iter((ROOT / document).read_text("utf-8").splitlines())) == []
