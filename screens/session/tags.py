r"""Tags as one line of text: `owner=payments, cost centre=42, "note=a, b"`.

A tag that holds a comma, a quotation mark or spaces at its ends is put in quotation marks, which are doubled inside it. An
equals sign in a name is written `\=`; Azure allows no backslash in names.
"""

import re

_PART = re.compile(r'\s*(?:"(?P<quoted>(?:[^"]|"")*)"\s*|(?P<plain>[^,]*))(?:,|$)')
_TAG = re.compile(r"(?P<name>(?:\\=|[^=])+)=(?P<value>.*)", re.DOTALL)


def parse_tags(text: str) -> dict[str, str]:
    """Return the tags in a text. Raise ValueError that names the part that is not a tag."""
    tags, at = {}, 0
    while at < len(text):
        part = _PART.match(text, at)
        if part is None:
            raise ValueError(f"{text[at:].strip()!r} is not a tag: close the quotation marks.")
        at = part.end()
        quoted, plain = part["quoted"], (part["plain"] or "").strip()
        if quoted is None and not plain:
            continue
        tag = _TAG.fullmatch(plain if quoted is None else quoted.replace('""', '"'))
        name, value = (tag["name"].replace("\\=", "="), tag["value"]) if tag else ("", "")
        if quoted is None:
            name, value = name.strip(), value.strip()
        if not name:
            raise ValueError(f"{quoted or plain!r} is not a tag: write name=value, separated by commas.")
        tags[name] = value
    return tags


def format_tags(tags: dict[str, str]) -> str:
    """Return the text that `parse_tags` reads back as these tags."""
    return ", ".join(_format(name, value) for name, value in tags.items())


def _format(name: str, value: str) -> str:
    escaped = name.replace("=", "\\=")
    needs_quotes = any("," in each or '"' in each or each != each.strip() for each in (name, value))
    text = f"{escaped}={value}"
    return '"' + text.replace('"', '""') + '"' if needs_quotes else text
