"""External text loses its terminal control sequences and invisible characters."""

import shlex
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizard.system.sanitize import mask, one_line, sanitize, shell_word


@pytest.mark.parametrize(
    ("outside", "shown"),
    [
        ("orders-prod", "orders-prod"),
        ("Schlüssel für Zürich ✓", "Schlüssel für Zürich ✓"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;a title\x07body", "body"),
        ("\x1b]8;;https://evil.example\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x9b2Jcleared", "cleared"),
        ("never ended \x1b]0;title", "never ended 0;title"),
        ("a\x00b\x07c\x7f", "abc"),
        ("drow\u202eword\u2066", "drowword"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
        ("broken \ud800 half", "broken  half"),
        ("one\r\ntwo\rthree\u2028four", "one\ntwo\nthree\nfour"),
        ("a\tb", "a b"),
        ("[/] [@click=app.quit]x", "[/] [@click=app.quit]x"),
    ],
)
def test_sanitize_removes_control_sequences_and_invisible_characters(outside: str, shown: str) -> None:
    assert sanitize(outside) == shown


@pytest.mark.parametrize(
    "opener", ["\x1b]", "\x9d", "\x1bP", "\x1b[", "\x1b[0;", "\x9b1", "\x1b ", "\x1b]0;\x1b\\", "\x1b]a\x07"]
)
def test_sanitize_is_linear_for_unterminated_sequences(opener: str) -> None:
    """A search to the end of the text for each sequence took an hour, in which Ctrl-C did not work. The test's timeout is
    two minutes."""
    assert not set(sanitize(opener * (1_000_000 // len(opener)))) & set("\x07\x1b\x9b\x9d")


def test_one_line_joins_lines() -> None:
    assert one_line(" two\r\n lines\tand more ") == "two lines and more"


@given(st.text(st.characters(codec=None)))
def test_sanitize_leaves_nothing_invisible_and_is_idempotent(text: str) -> None:
    cleaned = sanitize(text)
    assert all(
        c == "\n" or unicodedata.category(c)[0] != "C" or unicodedata.category(c) == "Cn" for c in cleaned
    )
    assert sanitize(cleaned) == cleaned
    cleaned.encode("utf-8")


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("rg-demo", "rg-demo"),
        (
            f"/subscriptions/{'2' * 8}/resourceGroups/rg_a.b",
            f"/subscriptions/{'2' * 8}/resourceGroups/rg_a.b",
        ),
        ("rg(prod)", "'rg(prod)'"),
        ("it's", "'it'\"'\"'s'"),
    ],
)
def test_shell_word_quotes_a_name_only_if_needed(name: str, word: str) -> None:
    assert shell_word(name) == word


@given(st.text(min_size=1))
def test_shell_word_is_one_word_for_any_name_even_if_sanitized_again(name: str) -> None:
    command = sanitize(f"az aks start -g {shell_word(name)} -n x")
    assert shlex.split(command) == ["az", "aks", "start", "-g", sanitize(name), "-n", "x"]


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> dict[str, None]:
    """The secrets that are known; no others, and none afterwards."""
    secrets: dict[str, None] = {}
    monkeypatch.setattr("wizard.system.sanitize._secrets", secrets)
    return secrets


@pytest.mark.parametrize(
    "echo",
    [
        "You sent se/cr et+1.",
        "You sent se/cr\x1b[0m et+1.",
        "a=se%2Fcr+et%2B1.",
        "a=se%2Fcr%20et%2B1.",
        "a=se%2fcr+et%2b1.",
    ],
)
def test_a_secret_is_masked_in_every_form(echo: str, kept: dict[str, None]) -> None:
    mask("se/cr et+1", "", "short")
    shown = sanitize(echo)
    assert "(secret)." in shown
    assert "cr" not in shown.replace("(secret)", "")
    assert sanitize("a short way") == "a short way"


def test_tokens_are_masked_and_only_the_last_secrets_are_kept(kept: dict[str, None]) -> None:
    assert sanitize("Bearer eyJ0eXAiOiJKV1Qi.eyJhdWQiOi.c2ln-_x!") == "Bearer (secret)!"
    for number in range(100):
        mask(f"secret-{number:03}")
    assert len(kept) <= 64
    assert sanitize("secret-099 secret-000") == "(secret) secret-000"
