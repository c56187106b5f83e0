"""What every page has around it: the top line, the step rail, the footer, and the way back."""

from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Horizontal
from textual.content import Content
from textual.events import Click, ScreenResume
from textual.widget import Widget
from textual.widgets import Static

from screens.messages import Back, GoTo
from screens.session.session import Session
from screens.widgets.background import BackgroundScreen
from screens.widgets.change import change
from screens.widgets.key_footer import KeyFooter
from screens.wizard_steps import ORDER, STEPS
from wizard.reports.wording import STYLES, short

NARROW = 100
"""Below this many columns the step rail is one line above the page."""


class TopLine(Static):
    """Which cloud, which subscription, which identity, and whether the cloud is simulated."""

    def show(self, session: Session) -> None:
        """Draw the line from the session."""
        narrow = self.app.size.width < NARROW
        gap, dot = ("  ", " · ") if narrow else ("    ", "  ·  ")
        parts: list[tuple[str, str]] = [("aks-kms", "bold")]
        azure = session.azure_or_none
        cloud = azure.cloud.title if azure else ("simulated Azure" if session.speed_note else "Azure")
        simulated = bool(session.speed_note) or cloud.startswith("simulated")
        title = f"{cloud}, {session.speed_note}" if session.speed_note else cloud
        parts += [(gap, ""), (f" {title} " if simulated else title, "simulated" if simulated else "")]
        if session.subscription:
            parts += [(dot, "dim"), (session.subscription.name, "")]
        if azure:
            name = azure.signed_in.name
            room = self.app.size.width - 2 - sum(len(text) for text, _ in parts)
            name = name if len(name) + len(dot) <= room else short(name)
            parts += [(" " * max(len(dot), room - len(name)), ""), (name, "dim")]
        styles = {"simulated": "bold $on-accent on $warning", "dim": "$quiet"}
        line = Content.assemble(*((text, styles.get(style, style)) for text, style in parts))
        change(self, line, layout=False)


class StepRail(Static):
    """The steps: the current one, those that are completed, and those that need another review after a change."""

    def __init__(self, current: str) -> None:
        super().__init__(id="step-rail")
        self._current = current

    def show(self, session: Session) -> None:
        """Draw the steps from the session: as a column, or as one line if there is little room."""
        narrow = self.app.size.width < NARROW
        entries = [_entry(session, key, current=key == self._current, narrow=narrow) for key in ORDER]
        change(self, Content(" " if narrow else "\n").join(entries), layout=False)

    def on_click(self, event: Click) -> None:
        """Go to the step that was clicked, if it can be reached."""
        if self.app.size.width >= NARROW and 0 <= (row := (event.y - 1) // 2) < len(ORDER):
            self.post_message(GoTo(ORDER[row]))


def _entry(session: Session, key: str, *, current: bool, narrow: bool) -> Content:
    sign, style, note = step_state(session, key, current=current)
    name_style = "bold" if current else ("" if sign in "✓!◐✗" else "$quiet")
    parts: list[tuple[str, str]] = [(sign, style), (" ", ""), (STEPS[key].name, name_style)]
    if not narrow:
        parts.append((f"\n  {note}" if note else "\n", "$quiet" if sign != "!" else "$warning"))
    return Content.assemble(*parts)


def step_state(session: Session, key: str, *, current: bool) -> tuple[str, str, str]:
    """Return the sign, its style and the note of a step in the rail."""
    draft, note = session.draft, session.rail_note(key)
    if current:
        return "●", STYLES["busy"], note
    if key in draft.needs_review:
        return "!", STYLES["warn"], "review again"
    if key == "vault" and draft.option == "platform-managed":
        return "–", STYLES["dim"], "not needed"
    if session.is_busy(key):
        return "◐", STYLES["busy"], note
    if session.has_failed(key):
        return "✗", STYLES["bad"], note
    if key in draft.mistaken:
        return "✗", STYLES["bad"], "not valid"
    if session.has_changed(key):
        return "!", STYLES["warn"], "changed since"
    if key in draft.completed and session.is_deferred(key):
        return "–", STYLES["dim"], note
    if key in draft.completed:
        return "✓", STYLES["good"], note
    return "○", STYLES["dim"], note


class Heading(Horizontal):
    """The title of a page, with a short note at the right."""

    def __init__(self, title: str, note: str = "") -> None:
        super().__init__(classes="heading")
        self._title = Static(Content(title), classes="title")
        self._note = Static(Content(note), classes="note")

    def compose(self) -> ComposeResult:
        yield self._title
        yield self._note

    @property
    def room(self) -> int:
        """Columns for a note on one line: 60%, as in the style sheet, without its margin."""
        return self.size.width * 3 // 5 - 2

    def title(self, text: str) -> None:
        """Change the title."""
        change(self._title, Content(text))

    def note(self, text: str) -> None:
        """Change the note."""
        change(self._note, Content(text))


class Frame(BackgroundScreen[None]):
    """A page. Subclasses define `STEP`, `HELP` and `body`; a tooltip of a binding is also its line in the help."""

    STEP: ClassVar[str] = ""
    never: frozenset[str] = frozenset()
    """Actions of the class that this page never offers."""
    HELP: ClassVar[str] = ""
    BODY: ClassVar[type[Widget]] = Container
    """What contains the widgets of the page."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "back", tooltip="Go back. Nothing that you entered is lost."),
        Binding("question_mark,f1", "help", "help"),
        Binding("ctrl+q", "app.quit", "quit", priority=True, tooltip="Quit the wizard"),
    ]

    def __init__(self, session: Session, *, id: str | None = None) -> None:  # noqa: A002 - Textual's
        super().__init__(id=id)
        self.session = session

    def compose(self) -> ComposeResult:
        # As Textual does with each resize, but before anything is mounted, drawn for another width and styled again.
        fitting = [
            name for width, name in self.app.HORIZONTAL_BREAKPOINTS or [] if self.app.size.width >= width
        ]
        self.add_class(*fitting[-1:], update=False)
        yield TopLine(id="top")
        if self.has_rail:
            with Horizontal(id="frame"):
                yield StepRail(self.STEP)
                with self.BODY(id="body"):
                    yield from self.body()
        else:  # each container is as large as the page, and drawn line by line
            with self.BODY(id="body"):
                yield from self.body()
        yield KeyFooter()

    @property
    def has_rail(self) -> bool:
        """Whether the page is one of the steps, and shows them."""
        return bool(self.STEP)

    @property
    def beside(self) -> int:
        """Columns of the terminal that the page does not have: of the step rail, and of the margins."""
        if self.app.size.width < NARROW:
            return 3
        return 27 if self.has_rail else 4

    def body(self) -> ComposeResult:
        """Yield the widgets of this page."""
        raise NotImplementedError

    @property
    def is_seen(self) -> bool:
        """Whether the page is shown, perhaps behind a dialog. For Textual the page below an opaque one is current, too."""
        return self.is_current and (self.app.screen is self or self.app.screen.styles.background.a < 1)

    def every(self, seconds: float, do: Callable[[], None]) -> None:
        """Call `do` repeatedly while this page is shown."""

        def beat() -> None:
            if self.is_seen:
                do()

        self.set_interval(seconds, beat)

    def refresh_frame(self) -> None:
        """Draw the top line and the step rail from the session."""
        if self.is_mounted:
            self.query_one(TopLine).show(self.session)
            for rail in self.query(StepRail):
                rail.show(self.session)

    def on_resize(self) -> None:
        self.refresh_frame()

    @on(ScreenResume)
    def _resumed(self) -> None:
        self.refresh_frame()

    @property
    def is_the_end(self) -> bool:
        """Whether the pages before this one are done with, so that back leads to the list of clusters."""
        return False

    @property
    def escape_does(self) -> str:
        """What Esc does first, in the footer, if it is not to go back; pages refresh their bindings when that changes."""
        return ""

    def keep_input(self) -> None:
        """Put what was typed on this page into the draft, before the page or the wizard is left."""

    def action_back(self) -> None:
        """Return to the previous page; nothing is lost."""
        self.post_message(Back())

    def action_help(self) -> None:
        """Show what this page is for, and its keys."""
        from screens.widgets.help import HelpDialog, keys_of

        self.app.push_screen(HelpDialog(self.HELP, keys_of(self, self.app.get_key_display)))
