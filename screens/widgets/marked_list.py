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
    DEFAULT_CSS = "MarkedList > .marked-list--mark { color: $accent; }"

    def _get_left_gutter_width(self) -> int:
        """Leave room for the bar, as Textual's own list of check boxes does for its boxes."""
        return len(MARK)

    def render_line(self, y: int) -> Strip:
        """Draw a line with its bar."""
        line = super().render_line(y)
        first = next((segment.style for segment in line if segment.style), Style())
        if (at := self._option_at(y)) is not None and at == self.highlighted:
            accent = self.get_component_rich_style("marked-list--mark").color
            gutter = Segment(MARK, Style(color=accent, bgcolor=first.bgcolor, meta=first.meta))
        else:
            gutter = Segment(_PLAIN, Style(bgcolor=first.bgcolor, meta=first.meta))
        return Strip([gutter, *line], line.cell_length + len(MARK))

    def _option_at(self, y: int) -> int | None:
        """The index of the option that has this line of the widget."""
        line = int(self.scroll_offset.y) + y
        return self._lines[line][0] if line < len(self._lines) else None
