"""The documents: links lead somewhere, and tables name what the code has."""

import ast
import re
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import click
import pytest

from screens.cli.main import COMMANDS, cli
from wizard.cloud import reads
from wizard.cloud.timeouts import budgets

ROOT = Path(__file__).parents[2]
DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]
LINK = re.compile(r"\[[^]]*\]\(([^)#\s]*)(?:#([^)\s]*))?\)")


def headings(document: Path) -> set[str]:
    """Return the anchors of a document's headings, as GitHub makes them."""
    titles = re.findall(r"^#+ (.+)$", document.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_of_a_document_leads_to_a_file_and_a_heading(document: Path) -> None:
    broken = []
    for name, anchor in LINK.findall(document.read_text("utf-8")):
        if not name.startswith(("https:", "http:")):
            target = (document.parent / name).resolve() if name else document
            if not target.exists() or (anchor and anchor not in headings(target)):
                broken.append(f"{name}#{anchor}")
    assert broken == []


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) <= 150


def test_the_document_of_timeouts_has_each_name_with_its_default() -> None:
    rows = re.findall(
        r"^\| `([a-z-]+)` \| (\d+) \|", (ROOT / "docs/timeouts.md").read_text("utf-8"), re.MULTILINE
    )
    assert rows == [(name, f"{seconds:.0f}") for name, (seconds, _) in budgets().items()]


def test_the_document_of_reliability_has_each_read_of_a_plan() -> None:
    text = (ROOT / "docs/reliability.md").read_text("utf-8")
    verification = (reads.ROLE_DEFINITION, reads.LOG_SETTINGS, reads.ACTIVITY_LOG)
    everything = [each for each in vars(reads).values() if isinstance(each, reads.Read)]
    table = [each for each in everything if each not in verification]
    rows = re.findall(r"^\| `([a-z-]+)-unknown` \| (\w+) \| (.+) \|$", text, re.MULTILINE)
    assert rows == [
        (each.name, each.level, f"{each.failure} {each.absence}") for each in table if not each.needed
    ]
    assert [each.name for each in table if each.needed and f"`{each.name}`" not in text] == []
    assert [each.name for each in verification if f"`{each.name}`" not in text] == []


def test_the_document_of_the_command_line_names_every_command() -> None:
    text = (ROOT / "docs/command-line.md").read_text("utf-8")
    assert [name for name in COMMANDS if not re.search(rf"^\|.*`{name}\b", text, re.MULTILINE)] == []


def options_by_command() -> dict[str, set[str]]:
    """Return the options that each command takes, those of the groups around it among them; "" is `aks-kms` itself."""

    def below(
        command: click.Command, words: tuple[str, ...], taken: set[str]
    ) -> Iterator[tuple[str, set[str]]]:
        taken = taken.union(*(parameter.opts for parameter in command.params), {"--help"})
        yield " ".join(words), taken
        if isinstance(command, click.Group):
            context = click.Context(command)
            for name in command.list_commands(context):
                inner = command.get_command(context, name)
                assert inner
                yield from below(inner, (*words, name), taken)

    return dict(below(cli, (), set()))


def test_every_option_of_a_documented_command_exists() -> None:
    known = options_by_command()
    texts = [*DOCUMENTS, *(ROOT / "docs/pipelines").iterdir()]
    used = [
        (path.name, line.strip())
        for path in texts
        if path.name != "CHANGELOG.md"  # it names what was there once
        for line in re.findall(r"(?:^|[`$ ])aks-kms( [^`|#;&<>\n]*)", path.read_text("utf-8"), re.MULTILINE)
    ]
    assert len(used) > 50
    wrong = []
    for name, line in used:
        words = line.split()
        commands = [word for word in words if re.fullmatch("[a-z]+", word)]
        command = next((two for two in (" ".join(commands[:2]), " ".join(commands[:1])) if two in known), "")
        wrong += [
            f"{name}: aks-kms {line}"
            for word in words
            if re.match("--[a-z]", word) and word.partition("=")[0].rstrip(".,)") not in known[command]
        ]
    assert wrong == []


def test_the_glossary_is_short() -> None:
    terms = (ROOT / "docs/glossary.md").read_text("utf-8").partition("\n## ")[0]
    assert len(re.findall(r"^\| (?!Term|---)", terms, re.MULTILINE)) <= 20


def test_every_citation_of_the_facts_about_azure_is_one_of_its_headings() -> None:
    known = headings(ROOT / "docs/azure.md")
    broken = [
        f"{path.relative_to(ROOT)}: {anchor}"
        for folder in ("wizard", "screens", "tests")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in {".py", ".yaml", ".md"}
        for anchor in re.findall(
            r"docs/azure\.md#([\w-]+)|§[0-9]|\b(?:AKS|KV):[a-z]", path.read_text("utf-8")
        )
        if anchor not in known
    ]
    assert broken == []


def imports_late(file: Path) -> bool:
    """Whether a module has an import inside a function."""
    functions = (
        node
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    return any(isinstance(node, ast.Import | ast.ImportFrom) for each in functions for node in ast.walk(each))


def test_every_late_import_has_its_reason_in_the_architecture() -> None:
    section = (ROOT / "docs/architecture.md").read_text("utf-8").partition("## Late imports")[2]
    rows = re.findall(r"^\| (`.+?`) \|", section, re.MULTILINE)
    allowed = [pattern for row in rows for pattern in re.findall(r"`(.+?)`", row)]
    files = [file for root in ("wizard", "screens") for file in (ROOT / root).rglob("*.py")]
    late = [str(file.relative_to(ROOT)) for file in files if imports_late(file)]
    assert [file for file in late if not any(fnmatch(file, pattern) for pattern in allowed)] == []
    assert [pattern for pattern in allowed if not any(fnmatch(file, pattern) for file in late)] == []


def test_the_ladder_in_the_architecture_is_that_of_the_contracts() -> None:
    shown = (
        (ROOT / "docs/architecture.md").read_text("utf-8").partition("```\nscreens ")[2].partition("```")[0]
    )
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    layers = {each["containers"][0]: " ".join(each["layers"]) for each in contracts if "layers" in each}
    order = (layers[name] for name in ("screens", "wizard", "wizard.simulator"))
    packages = [name for each in order for name in re.findall(r"\w+", each) if name != "__main__"]
    packages.remove("simulator")  # above all others: it heads the last line
    names = [name for name in re.findall(r"\w+", shown) if name not in {"wizard", "simulator"}]
    assert names == packages
