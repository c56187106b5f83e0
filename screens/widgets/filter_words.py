"""The words of a filter: each must occur in a text, in any order; upper and lower case are the same."""

from collections.abc import Iterable


def filter_words(typed: str) -> tuple[str, ...]:
    """Return the words of what was typed, in lower case."""
    return tuple(typed.casefold().split())


def has_words(text: str, words: Iterable[str]) -> bool:
    """Whether each of these words, in lower case, occurs in the text."""
    text = text.casefold()
    return all(word in text for word in words)
