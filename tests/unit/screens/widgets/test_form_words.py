"""No page names a key of an answers file."""

import ast
import re
from pathlib import Path

import pytest

import wizard.rules
from screens.widgets.form_words import for_form

_KEY = re.compile(r"\b(?:vault|key|identity|cluster)\.[a-z_]+")
_SOURCES = sorted(Path(wizard.rules.__file__).parent.glob("*.py"))


def said(source: Path) -> list[str]:
    """The texts of a file of rules that name a key of an answers file."""
    tree = ast.parse(source.read_text("utf-8"))
    texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    return [text for text in texts if isinstance(text, str) and _KEY.search(text)]


@pytest.mark.parametrize("text", [text for source in _SOURCES for text in said(source)])
def test_what_a_rule_says_of_an_answers_file_is_said_of_the_form(text: str) -> None:
    assert not _KEY.search(for_form(text))
