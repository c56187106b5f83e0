"""Text from outside, made safe to put on a terminal, in a log or in a report."""

import re
import shlex
import unicodedata

_ESCAPES = re.compile(
    r"""
    (?:\x1b\[|\x9b) [\x30-\x3f]* [\x20-\x2f]* [\x40-\x7e]           # CSI: colours, cursor movement
    | (?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])                          # OSC, DCS, SOS, PM, APC,
      [^\x07\x1b\x90\x98\x9c-\x9f]* (?:\x07|\x1b\\|\x9c)           # … to their ends, where no other begins before
    | \x1b [\x20-\x2f]* [\x30-\x7e]                                 # every shorter escape
    """,
    re.VERBOSE,
)

_NEW_LINES = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")

_UNSEEN = {"Cc", "Cf", "Cs", "Co"}
"""Controls (ESC, NUL, C0, C1), formats (bidirectional overrides, zero-width and tag characters), surrogates that no
terminal can be sent, private use."""


def sanitize(text: str) -> str:
    r"""The same text without anything that a terminal obeys or a reader cannot see.

    Whole escape sequences go, not only their first character. New lines stay, as `\n`; a tab becomes a space.
    What is left may still look like some library's markup: show it as plain text.
    """
    if text.isascii() and text.replace("\n", "").isprintable():
        return text
    text = _NEW_LINES.sub("\n", _ESCAPES.sub("", text)).replace("\t", " ")
    return "".join(c for c in text if c == "\n" or unicodedata.category(c) not in _UNSEEN)


def one_line(text: str) -> str:
    """The same, cleaned, on one line: for a table's cell or a line of a log."""
    return " ".join(sanitize(text).split())


def shell_word(text: str) -> str:
    """A name or an id as one word of a shell's command, quoted where it has to be: a resource group may be `rg(prod)`.

    Cleaned first: what takes an escape sequence away afterwards might take a quote with it.
    """
    return shlex.quote(sanitize(text))


def without_secret(text: str) -> str:
    """A text without the user and password of any address in it."""
    return re.sub(r"(?<=//)[^\s/]*@", "…@", text)
