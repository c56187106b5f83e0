"""Names that lead to the Azure portal: hyperlinks of the terminal (OSC 8)."""

from textual.content import Content
from textual.style import Style

from wizard.reports.wording import STYLES


def linked(name: str, url: str, style: str = "bold") -> Content:
    """Return a name with a hyperlink and a sign for it; without a URL, only the name."""
    text = Content.styled(name, style)
    if not url:
        return text
    return text.stylize(Style(link=url)) + Content.styled(" ↗", STYLES["busy"])
