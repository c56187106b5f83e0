"""A list of options whose highlighted one has a bar in front of it, so that it is seen without colours too."""

from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.strip import Strip
from textual.widgets import OptionList

MARK, _PLAIN = "▌ ", "  "


class MarkedList(OptionList, inherit_bindings=False):
    """The list. Its footer says what enter does."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *(
            binding
            for binding in OptionList.BINDINGS
            if not (isinstance(binding, Binding) and binding.key == "enter")
        ),
        Binding("enter", "select", "select"),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {"marked-list--mark"}
    DEFAULT_CSS = """
    MarkedList, MarkedList.-textual-compact {
        & > .option-list--option { padding: 0 0 0 2; }
        & > .marked-list--mark { color: $accent; }
    }
    """
    """The padding is the room for the bar."""

    def render_line(self, y: int) -> Strip:
        """Draw a line with its bar."""
        line = super().render_line(y)
        first = next((segment.style for segment in line if segment.style), Style())
        if (option := first.meta.get("option")) is not None and option == self.highlighted:
            accent = self.get_component_rich_style("marked-list--mark").color
            bar = Segment(MARK, Style(color=accent, bgcolor=first.bgcolor, meta=first.meta))
        else:
            bar = Segment(_PLAIN, Style(bgcolor=first.bgcolor, meta=first.meta))
        return Strip([bar, *line.crop(len(MARK))], line.cell_length)
