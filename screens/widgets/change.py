"""Changing a text only if it becomes another one."""

from textual.content import Content
from textual.widgets import Static


def change(widget: Static, text: Content, *, layout: bool = True) -> None:
    """Show this text, unless it is shown already: Textual lays out the whole page each time, which takes 5 ms.

    `layout`: false for a widget whose size is fixed in the style sheet.
    """
    if not (isinstance(widget.content, Content) and text.is_same(widget.content)):
        widget.update(text, layout=layout)
