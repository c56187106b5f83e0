"""Names that lead to the Azure portal: hyperlinks (OSC 8) in what a command prints on a terminal, never in a pipe."""

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import click

from wizard.system.sanitize import one_line

if TYPE_CHECKING:
    from wizard.cloud.azure import Azure

_KEY = "aks-kms.links"
_URL = re.compile(r"https://[\w.-]+/[#-;=?@\w~-]+", re.ASCII)
_COMMAND = re.compile(r"`|(?:^|[\s:(])(?:aks-kms|az|kubectl) (?=\S)")
"""Where a command begins, which is to be copied as it is."""


def link_names(azure: "Azure", ids: Iterable[str]) -> None:
    """Let the names of these resources lead to the portal, from now on and as long as this command runs."""
    if context := click.get_current_context(silent=True):
        names: dict[str, str] = context.find_root().meta.setdefault(_KEY, {})
        for each in ids:
            url = azure.cloud.portal_link(each, azure.signed_in.tenant_id)
            if _URL.fullmatch(url):
                names.setdefault(one_line(each.rstrip("/").rpartition("/")[2]), url)


def names_to_link() -> Mapping[str, str]:
    """Return the URLs of this command's resources by their names."""
    context = click.get_current_context(silent=True)
    return context.find_root().meta.get(_KEY, {}) if context else {}


def with_links(line: str, names: Mapping[str, str]) -> str:
    """Return a line of text in which each of the names is a hyperlink once, unless it is part of an ID or of a command."""
    if not names:
        return line
    command = _COMMAND.search(line)
    end = command.start() if command else len(line)
    linked: set[str] = set()

    def link(match: re.Match[str]) -> str:
        name = match[0]
        if name in linked:
            return name
        linked.add(name)
        return f"\x1b]8;;{names[name]}\x1b\\{name}\x1b]8;;\x1b\\"

    words = "|".join(sorted(map(re.escape, filter(None, names)), key=len, reverse=True))
    return re.sub(rf"(?<![\w./@:-])(?:{words})(?![\w@-]|\.\w)", link, line[:end]) + line[end:]
