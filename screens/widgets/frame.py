"""What every step's screen has around it: the line on top, the spine of steps, the footer, and the way back."""

from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Horizontal
from textual.content import Content
from textual.events import Click, ScreenResume
from textual.widgets import Footer, Static

from screens.messages import Back, GoTo
from screens.session.session import Session
from screens.steps import ORDER, STEPS
from screens.widgets.background import BackgroundScreen
from wizard.reports.wording import STYLES, short

NARROW = 100
"""Below this many columns the spine is one line on top."""


class TopLine(Static):
    """Which cloud, which subscription, who: on every screen, and whether the cloud is a simulated one."""

    def show(self, session: Session) -> None:
        """Draw it from what the session knows now."""
        parts: list[tuple[str, str]] = [("aks-kms", "bold")]
        azure = session.azure_or_none
        cloud = azure.cloud.title if azure else ("simulated Azure" if session.speed_note else "Azure")
        simulated = bool(session.speed_note) or cloud.startswith("simulated")
        title = f"{cloud}, {session.speed_note}" if session.speed_note else cloud
        parts += [("    ", ""), (f" {title} " if simulated else title, "simulated" if simulated else "")]
        if session.draft.subscription:
            parts += [("  ·  ", "dim"), (session.draft.subscription.name, "")]
        if azure:
            name = azure.signed_in.name
            room = self.app.size.width - 2 - sum(len(text) for text, _ in parts) - len("  ·  ")
            parts += [("  ·  ", "dim"), (name if len(name) <= room else short(name), "dim")]
        styles = {"simulated": "$text-warning on $warning-muted", "dim": "$quiet"}
        self.update(Content.assemble(*((text, styles.get(style, style)) for text, style in parts)))


class StepRail(Static):
    """The steps: where one is, what is done, what is to come, and what a change has made due for review again."""

    def __init__(self, here: str) -> None:
        super().__init__(id="spine")
        self._here = here

    def show(self, session: Session) -> None:
        """Draw it from what the session knows now: a column where there is room, else one line."""
        narrow = self.app.size.width < NARROW
        lines = [self._entry(session, key, narrow=narrow) for key in ORDER]
        self.update(Content(" " if narrow else "\n").join(lines))

    def _entry(self, session: Session, key: str, *, narrow: bool) -> Content:
        sign, style, note = self._state(session, key)
        name = STEPS[key].name
        name_style = "bold" if key == self._here else ("" if sign in "✓!◐✗" else "$quiet")
        parts: list[tuple[str, str]] = [(sign, style), (" ", ""), (name, name_style)]
        if not narrow:
            parts.append((f"\n  {note}" if note else "\n", "$quiet" if sign != "!" else "$text-warning"))
        return Content.assemble(*parts)

    def _state(self, session: Session, key: str) -> tuple[str, str, str]:
        draft = session.draft
        note = session.rail_note(key)
        if key == self._here:
            return "●", STYLES["busy"], note
        if key in draft.needs_review:
            return "!", STYLES["warn"], "review again"
        if key == "vault" and draft.option == "platform-managed":
            return "–", STYLES["dim"], "not needed"
        if session.is_busy(key):
            return "◐", STYLES["busy"], note
        if session.has_failed(key):
            return "✗", STYLES["bad"], note
        if key in draft.completed and session.is_deferred(key):
            return "–", STYLES["dim"], note
        if key in draft.completed:
            return "✓", STYLES["good"], note
        return "○", STYLES["dim"], note

    def on_click(self, event: Click) -> None:
        """A click on a reachable step goes there."""
        if self.app.size.width >= NARROW and 0 <= (row := (event.y - 1) // 2) < len(ORDER):
            self.post_message(GoTo(ORDER[row]))


class Heading(Horizontal):
    """A screen's question, with a short note at the right."""

    def __init__(self, title: str, note: str = "") -> None:
        super().__init__(classes="heading")
        self._title = Static(Content(title), classes="title")
        self._note = Static(Content(note), classes="note")

    def compose(self) -> ComposeResult:
        yield self._title
        yield self._note

    @property
    def room(self) -> int:
        """Columns that a note has before it is wrapped: most of them, as the style sheet gives them, without its margin."""
        return self.size.width * 3 // 5 - 2

    def title(self, text: str) -> None:
        """Change the question."""
        self._title.update(Content(text))

    def note(self, text: str) -> None:
        """Change the note."""
        self._note.update(Content(text))


class Frame(BackgroundScreen[None]):
    """A step's screen. Subclasses give `STEP`, `HELP` and `body`."""

    STEP: ClassVar[str] = ""
    HELP: ClassVar[str] = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "back"),
        Binding("f1", "help", "help"),
        Binding("ctrl+q", "app.quit", "quit", priority=True),
    ]

    def __init__(self, session: Session, *, id: str | None = None) -> None:  # noqa: A002 - Textual's
        super().__init__(id=id)
        self.session = session

    def compose(self) -> ComposeResult:
        yield TopLine(id="top")
        with Horizontal(id="frame"):
            yield StepRail(self.STEP)
            with Container(id="body"):
                yield from self.body()
        yield Footer(compact=True)

    def body(self) -> ComposeResult:
        """What this step shows."""
        raise NotImplementedError

    def every(self, seconds: float, do: Callable[[], None]) -> None:
        """Do that again and again, while this screen is the one that is shown."""

        def beat() -> None:
            if self.is_current:
                do()

        self.set_interval(seconds, beat)

    def refresh_frame(self) -> None:
        """Draw the top line and the spine from what the session knows now."""
        if self.is_mounted:
            self.query_one(TopLine).show(self.session)
            self.query_one(StepRail).show(self.session)
            self.query_one(Footer).show_command_palette = self.app.size.width >= NARROW

    def on_resize(self) -> None:
        self.refresh_frame()

    @on(ScreenResume)
    def _resumed(self) -> None:
        self.refresh_frame()

    def action_back(self) -> None:
        """Back to the step before, with nothing lost."""
        self.post_message(Back())

    def action_help(self) -> None:
        """What this screen is for, and what its keys do."""
        from screens.widgets.dialogs import HelpDialog

        self.app.push_screen(HelpDialog(self.HELP))
