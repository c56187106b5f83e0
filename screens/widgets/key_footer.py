"""The footer: what can be done on a page, by importance, and at the right how to leave it and how to get help."""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from textual.binding import ActiveBinding, Binding
from textual.content import Content
from textual.dom import DOMNode
from textual.events import MouseDown, MouseEvent, MouseMove
from textual.screen import Screen
from textual.widgets import Static

from wizard.reports.wording import STYLES

_GAP = 2
_AT_THE_RIGHT = ("escape", "question_mark", "f1", "ctrl+p", "ctrl+q")
_HELP = ("question_mark", "f1")
_WORDS = {"Dismiss menu": "close", "palette": "commands"}
"""Words for bindings of Textual's own widgets."""


class Hint(NamedTuple):
    """A key and what it does."""

    key: str
    display: str
    words: str
    tooltip: str = ""

    @property
    def width(self) -> int:
        """Columns."""
        return len(self.display) + 1 + len(self.words)


class KeyFooter(Static):
    """One line of keys. Each of them can be clicked.

    Textual's own footer has a widget for each key, and makes all of them again whenever the focus moves: half of the time that
    a key takes on a page with many fields.
    """

    def __init__(self) -> None:
        super().__init__(id="footer")
        self._shown: tuple[object, ...] = ()
        self._places: list[tuple[range, Hint]] = []

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._bindings_changed)
        self._show()

    def on_resize(self) -> None:
        self._show()

    def on_mouse_down(self, event: MouseDown) -> None:
        """Press the key that was clicked."""
        if hint := self._hint_at(event):
            self.app.simulate_key(hint.key)

    def on_mouse_move(self, event: MouseMove) -> None:
        """Explain the key under the pointer."""
        hint = self._hint_at(event)
        self.tooltip = hint.tooltip if hint and hint.tooltip else None

    def _hint_at(self, event: MouseEvent) -> Hint | None:
        offset = event.get_content_offset(self)
        return next((hint for place, hint in self._places if offset and offset.x in place), None)

    def _bindings_changed(self, screen: Screen[object]) -> None:
        if screen is self.screen:
            self.call_after_refresh(self._show)

    def _show(self) -> None:
        if not self.is_attached:
            return
        active = self.screen.active_bindings.values()
        actions, others = hints(active, type(self.screen), self.app.get_key_display)
        if words := getattr(self.screen, "escape_does", ""):
            others = [hint._replace(words=words) if hint.key == "escape" else hint for hint in others]
        width = self.content_size.width
        if (shown := (width, *actions, *others)) == self._shown:
            return
        self._shown = shown
        left, right = fitting(actions, others, width)
        gap = width - _width(left) - _width(right)
        self._places = _places(left, 0) + _places(right, width - _width(right))
        line = (_content(left), Content(" " * max(_GAP, gap)), _content(right))
        self.update(Content("").join(line), layout=False)


def hints(
    active: Iterable[ActiveBinding], page: type[DOMNode], display: Callable[[Binding], str]
) -> tuple[list[Hint], list[Hint]]:
    """Return the actions of a page, the most important first, and what every page has: back, help, commands, quit.

    Enter comes first, then the page's own keys in the order of its class, then those of its base classes and widgets.
    """
    order = [binding.action for each in page.__mro__ for binding in _bindings(each)]
    found: dict[str, ActiveBinding] = {}
    for each in active:
        is_palette = each.binding.key == "ctrl+p"
        if each.enabled and (each.binding.show or is_palette):
            found.setdefault(each.binding.action, each)
    made = {
        each.binding: Hint(
            each.binding.key,
            display(each.binding),
            _WORDS.get(each.binding.description, each.binding.description),
            each.binding.tooltip,
        )
        for each in found.values()
    }
    actions = sorted(
        (binding for binding in made if binding.key not in _AT_THE_RIGHT),
        key=lambda binding: (
            binding.key != "enter",
            order.index(binding.action) if binding.action in order else len(order),
        ),
    )
    others = sorted(
        (binding for binding in made if binding.key in _AT_THE_RIGHT),
        key=lambda binding: _AT_THE_RIGHT.index(binding.key),
    )
    return [made[binding] for binding in actions], [made[binding] for binding in others]


def fitting(actions: Sequence[Hint], others: Sequence[Hint], width: int) -> tuple[list[Hint], list[Hint]]:
    """Return what fits into `width` columns: the palette is left out first, then the least important actions; then the help
    says that there is more.
    """
    left, right = list(actions), list(others)
    if not _fits(left, right, width):
        right = [hint for hint in right if hint.key != "ctrl+p"]
    if not _fits(left, right, width):
        right = [hint._replace(words="more") if hint.key in _HELP else hint for hint in right]
    while left and not _fits(left, right, width):
        left.pop()
    return left, right


def _fits(left: Sequence[Hint], right: Sequence[Hint], width: int) -> bool:
    return _width(left) + _GAP + _width(right) <= width


def _width(line: Sequence[Hint]) -> int:
    return sum(hint.width for hint in line) + _GAP * max(0, len(line) - 1)


def _places(line: Sequence[Hint], start: int) -> list[tuple[range, Hint]]:
    """Return the columns of each hint. `start`: the column of the first one."""
    places = []
    for hint in line:
        places.append((range(start, start + hint.width), hint))
        start += hint.width + _GAP
    return places


def _content(line: Sequence[Hint]) -> Content:
    return Content(" " * _GAP).join(
        Content.assemble((hint.display, f"bold {STYLES['busy']}"), (f" {hint.words}", STYLES["dim"]))
        for hint in line
    )


def _bindings(kind: type) -> list[Binding]:
    return [binding for binding in vars(kind).get("BINDINGS", ()) if isinstance(binding, Binding)]
