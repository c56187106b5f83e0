"""The help of a page: what it is for, and its keys, taken from its bindings."""

from collections.abc import Callable, Iterator
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.dom import DOMNode
from textual.screen import Screen
from textual.widgets import Input, Static

from screens.widgets.dialogs import Dialog
from screens.widgets.filter_words import filter_words, has_words
from screens.widgets.key_footer import KeyFooter
from wizard.reports.wording import STYLES


class HelpDialog(Dialog[None]):
    """What a page is for, and what its keys do."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark,f1", "close", show=False, priority=True)  # also while a filter is typed
    ]

    def __init__(self, text: str, keys: list[tuple[str, str]]) -> None:
        """`keys`: each key with what it does."""
        super().__init__()
        self._text = text
        self._keys = keys

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog to-read"):
            with Horizontal(id="filter-line"):
                yield Static(Content("Help"), classes="title")
                yield Static(Content("/"), classes="sign")
                yield Input(placeholder="type to find a key", compact=True, id="filter")
            with VerticalScroll(can_focus=False):
                for key, what in self._keys:
                    with Horizontal(classes="key"):
                        yield Static(Content.assemble((key, STYLES["busy"])), classes="name")
                        yield Static(Content(what))
                yield Static(Content(self._text), classes="text")
        yield KeyFooter()

    @on(Input.Changed)
    def _filtered(self, event: Input.Changed) -> None:
        """Show only the keys, and the text about the page, in which every word occurs that was typed."""
        words = filter_words(event.value)
        said = [*(f"{key} {what}" for key, what in self._keys), self._text]
        for line, text in zip([*self.query(".key"), self.query_one(".text")], said, strict=True):
            line.display = has_words(text, words)
        self.refresh_bindings()

    @property
    def escape_does(self) -> str:
        """What Esc does first."""
        return "clear filter" if any(field.value for field in self.query(Input)) else ""

    def action_close(self) -> None:
        """Clear the filter first; then return to the page."""
        if self.escape_does:
            self.query_one(Input).value = ""
        else:
            self.dismiss(None)


def keys_of(page: Screen[Any], display: Callable[[Binding], str]) -> list[tuple[str, str]]:
    """Return the keys of a page with what they do, from the tooltips of its bindings; those of its widgets come last."""
    found: dict[tuple[str, str], Binding] = {}
    for node in (page, *page.focus_chain):
        for binding in _bindings(type(node)):
            found.setdefault((binding.key, binding.action), binding)
    never = getattr(page, "never", ())
    return [
        (display(binding), binding.tooltip)
        for binding in found.values()
        if binding.tooltip and binding.action not in never
    ]


def _bindings(kind: type[DOMNode]) -> Iterator[Binding]:
    """The bindings of a class, then those that it inherits."""
    for each in kind.__mro__:
        yield from (binding for binding in vars(each).get("BINDINGS", ()) if isinstance(binding, Binding))
