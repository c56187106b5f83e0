"""Makes external text safe for a terminal, a log or a report."""

import re
import shlex
import unicodedata

_ESCAPES = r"""
    (?:\x1b\[|\x9b) [\x30-\x3f]* [\x20-\x2f]* [\x40-\x7e]           # CSI: colours, cursor movement
    | (?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])                          # OSC, DCS, SOS, PM, APC,
      [^\x07\x1b\x90\x98\x9c-\x9f]* (?:\x07|\x1b\\|\x9c)           # … to their ends, where no other begins before
    | \x1b [\x20-\x2f]* [\x30-\x7e]                                 # every shorter escape
    """

_NEW_LINES = "\r\n|[\r\v\f\x85\u2028\u2029]"

_UNSEEN = {"Cc", "Cf", "Cs", "Co"}
"""Controls (ESC, NUL, C0, C1), formats (bidirectional overrides, zero-width and tag characters), surrogates, which cannot
be encoded, and private use."""


_JWT = r"eyJ[\w-]{8,}\.[\w-]{4,}(\.[\w-]*)?"
"""A JSON Web Token: three parts in base64, of which the first begins with `{"`."""
_MASK = "(secret)"
_PERCENT = "%[0-9A-F]{2}"
_LEAST = 6
"""Characters of a secret. A shorter one may be a part of any word."""
_MOST = 64
_secrets: dict[str, None] = {}
"""The last ones given to `mask`."""
_longest_first: tuple[str, ...] = ()
"""The same, in the order in which they are replaced: one may be a part of another."""


def mask(*secrets: str) -> None:
    """Have these texts masked in every text that is sanitized from now on: the other side of a connection may echo them."""
    global _longest_first  # noqa: PLW0603 - sorted once, not for each text
    import json  # late, for a fast start
    from urllib.parse import quote, quote_plus

    for secret in secrets:
        if len(secret) >= _LEAST:
            quoted = (quote(secret, safe=""), quote_plus(secret))
            in_lower_case = (re.sub(_PERCENT, lambda found: found[0].lower(), each) for each in quoted)
            for form in (secret, *quoted, *in_lower_case, json.dumps(secret)[1:-1]):
                _secrets.pop(form, None)
                _secrets[form] = None
    while len(_secrets) > _MOST:
        del _secrets[next(iter(_secrets))]
    _longest_first = tuple(sorted(_secrets, key=len, reverse=True))


def _masked(text: str) -> str:
    for secret in _longest_first:
        if secret in text:
            text = text.replace(secret, _MASK)
    return re.sub(_JWT, _MASK, text) if "eyJ" in text else text


def sanitize(text: str) -> str:
    r"""Return a text without terminal control sequences, invisible characters, and secrets (see `mask`).

    Escape sequences are removed as a whole, not only their first character. New lines are kept as `\n`; a tab becomes a
    space. The result may still look like a library's markup: show it as plain text.
    """
    if not text.isprintable() and not text.replace("\n", "").isprintable():
        text = re.sub(_NEW_LINES, "\n", re.sub(_ESCAPES, "", text, flags=re.VERBOSE)).replace("\t", " ")
        text = "".join(c for c in text if c == "\n" or unicodedata.category(c) not in _UNSEEN)
    if "eyJ" in text:
        return _masked(text)
    for secret in _longest_first:  # here, because a call for each of a fleet's texts would take as long again
        if secret in text:
            return _masked(text)
    return text


def one_line(text: str) -> str:
    """Return a text, sanitized, on one line: for a table cell or a log line."""
    line = " ".join(sanitize(text).split())
    return text if line == text else line  # of a fleet's texts, no second copy is kept


def shell_word(text: str) -> str:
    """Return a name or id as one shell word, quoted if needed: a resource group may be called `rg(prod)`.

    It is sanitized first: removing an escape sequence afterwards might remove a quote with it.
    """
    return shlex.quote(sanitize(text))


def without_secret(text: str) -> str:
    """Return a text without the user name and password of any URL in it."""
    return re.sub(r"(?<=//)[^\s/]*@", "…@", text)
