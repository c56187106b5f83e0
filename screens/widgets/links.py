"""Names that lead to the Azure portal: hyperlinks of the terminal (OSC 8)."""

from collections.abc import Callable, Sequence

from textual.content import Content
from textual.style import Style

from wizard.answers.model import Answers
from wizard.reports.wording import STYLES
from wizard.state.target import Target
from wizard.system.sanitize import sanitize

Link = Callable[[str], str]
"""Returns the URL of a resource in the portal, or nothing."""


def resources(answers: Answers) -> list[str]:
    """Return the resource IDs of the cluster, and of its own vault and identity if it gets them."""
    return Target(answers, "").resources


def no_link(resource_id: str) -> str:
    """Return nothing, as in a cloud without a portal."""
    del resource_id
    return ""


def linked(name: str, url: str, style: str = "bold") -> Content:
    """Return a name with a hyperlink and a sign for it; without a URL, only the name."""
    text = Content.styled(name, style)
    if not url:
        return text
    return text.stylize(Style(link=url)) + Content.styled(" ↗", STYLES["busy"])


def linked_cell(name: str, style: str, url: str) -> tuple[str, str | Style]:
    """Return a cell of the grid with a name, linked and with the sign for it if there is a URL."""
    return (f"{name} ↗", Style(bold=style == "bold", link=url)) if url else (name, style)


def portal(ids: Sequence[str], link: Link, label: int) -> Content:
    """Return the names of resources, linked, after a label of that width; empty if there is no portal."""
    if not any(map(link, ids)):
        return Content("")
    names = [linked(sanitize(each.rpartition("/")[2]), link(each), "") for each in ids]
    return Content.styled(f"{'Portal':<{label}}", "$quiet") + Content("  ").join(names)
