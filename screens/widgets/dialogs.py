"""Small screens on top of another one: text to read and copy, a question, a problem, a file's name."""

from pathlib import Path
from typing import ClassVar, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Footer, Static, TextArea

from screens.widgets.background import BackgroundScreen
from screens.widgets.fields import Field
from wizard.errors import Problem
from wizard.system.sanitize import sanitize

Given = TypeVar("Given")


class Dialog(ModalScreen[Given], BackgroundScreen[Given]):
    """A question or a text on top of a screen. Whatever has the focus, what is longer than its room is scrolled by keys."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", "back"),
        *[
            Binding(key, f"read('{key}')", show=False)
            for key in ("up", "down", "pageup", "pagedown", "home", "end")
        ],
    ]

    def action_read(self, key: str) -> None:
        """Scroll the dialog's text."""
        for text in self.query(VerticalScroll):
            move = {
                "up": text.scroll_up,
                "down": text.scroll_down,
                "pageup": text.scroll_page_up,
                "pagedown": text.scroll_page_down,
                "home": text.scroll_home,
                "end": text.scroll_end,
            }[key]
            move(animate=False)


def problem_content(problem: Problem, *, remedy_first: bool = False) -> Content:
    """A problem in words: what failed, what Azure said, the likely cause, what to do; or the last two before what Azure
    said, where there is little room."""
    parts: list[tuple[str, str]] = [("✗ ", "$text-error"), (sanitize(problem.summary), "bold")]
    said = ": ".join(filter(None, (sanitize(problem.code), sanitize(problem.azure_said))))
    ours = [("Likely cause", sanitize(problem.cause)), ("What to do", sanitize(problem.remedy))]
    azures = [("Azure said", said)]
    for label, text in (
        *(ours + azures if remedy_first else azures + ours),
        (
            "For support",
            f"correlation id {sanitize(problem.correlation_id)}" if problem.correlation_id else "",
        ),
    ):
        if text:
            parts += [(f"\n{label}  ", "$quiet"), (text, "")]
    return Content.assemble(*parts)


class HelpDialog(Dialog[None]):
    """What a screen is for and what its keys do."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("f1", "close", show=False)]

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog to-read"):
            yield Static(Content("Help"), classes="title")
            with VerticalScroll(can_focus=True):
                yield Static(Content(self._text))
        yield Footer(compact=True)

    def action_close(self) -> None:
        """Back to the screen."""
        self.dismiss(None)


class _ToKeep(Dialog[None]):
    """Something to be read, and to be kept: copied, or saved to a file."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "copy", "copy all"),
        Binding("s", "save", "save"),
    ]

    def __init__(self, text: str, file_name: str) -> None:
        """`file_name` is what is proposed."""
        super().__init__()
        self._text = sanitize(text)
        self._file_name = file_name

    def action_close(self) -> None:
        """Back to the screen."""
        self.dismiss(None)

    def action_copy(self) -> None:
        """Put the text on the terminal's clipboard, where the terminal has one."""
        self.app.copy_to_clipboard(self._text)
        self.notify("Copied, if your terminal allows it. s saves it to a file.", markup=False)

    def action_save(self) -> None:
        """Write the text to a file."""
        self.app.push_screen(SaveDialog("Save as", self._file_name, {"": f"{self._text.rstrip()}\n"}))


class ProblemDialog(_ToKeep):
    """Something went wrong where no screen shows it."""

    def __init__(self, problem: Problem) -> None:
        self._said = problem_content(problem)
        super().__init__(self._said.plain, "problem.txt")

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog to-read"), VerticalScroll(can_focus=True):
            yield Static(self._said)
        yield Footer(compact=True)


class TextDialog(_ToKeep):
    """A longer text, to be read, selected and copied."""

    def __init__(self, title: str, text: str, file_name: str, *, wrap: bool = False) -> None:
        super().__init__(text, file_name)
        self._title = title
        self._wrap = wrap

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog large"):
            yield Static(Content(self._title), classes="title")
            yield TextArea(self._text, read_only=True, show_line_numbers=False, soft_wrap=self._wrap)
        yield Footer(compact=True)


class SaveDialog(Dialog[None]):
    """Asks for a file's name and writes there: `texts` maps a suffix (empty: the name as typed) to what goes in."""

    def __init__(self, title: str, proposed: str, texts: dict[str, str]) -> None:
        super().__init__()
        self._title = title
        self._texts = texts
        self._field = Field("File", key="path", check=self._check, value=proposed, stays=True)

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(Content(self._title), classes="title")
            yield self._field
            with Horizontal(classes="buttons"):
                yield Button("Save", id="save", compact=True, variant="primary")
                yield Button("Cancel", id="cancel", compact=True)
        yield Footer(compact=True)

    def on_mount(self) -> None:
        self._field.edit()

    def _paths(self, typed: str) -> dict[Path, str]:
        """The files to be written. Raises ValueError where no name can be made of it, RuntimeError for an unknown user."""
        base = Path(typed).expanduser()
        return {
            (base.with_name(base.name + suffix) if suffix else base): text
            for suffix, text in self._texts.items()
        }

    def _check(self, typed: str) -> str | None:
        if not typed:
            return "Give the file a name."
        try:
            for path in self._paths(typed):
                if path.exists():
                    return f"{path.name} exists already; nothing is overwritten. Choose another name."
                if not path.parent.is_dir():
                    return f"{path.parent} is no directory here. Choose one that exists."
        except (OSError, RuntimeError, ValueError) as error:
            return f"{typed} cannot be a file here: {_why(error)}. Choose another name."
        return None

    @on(Button.Pressed, "#save")
    def _save(self) -> None:
        self._field.speak()
        if self._field.problem:
            self._field.edit()
            return
        paths = self._paths(self._field.value)
        for path, text in paths.items():
            try:
                with path.open("x", encoding="utf-8") as file:
                    file.write(text)
            except (OSError, ValueError) as error:
                self.notify(f"{path} is not saved: {_why(error)}.", severity="error", markup=False)
                self._field.edit()
                return
        self.dismiss(None)
        self.app.notify(f"Saved: {', '.join(str(path.resolve()) for path in paths)}", markup=False)

    @on(Button.Pressed, "#cancel")
    def action_close(self) -> None:
        """Back to the screen, nothing written."""
        self.dismiss(None)


def _why(error: Exception) -> str:
    """What stands in the way of a file, in the system's words."""
    return str((error.strerror if isinstance(error, OSError) else None) or error).rstrip(".")


class AskDialog(Dialog[str]):
    """A question with a few answers; the first one is the safe one and has the focus. Esc gives the first."""

    def __init__(self, title: str, text: str, answers: dict[str, str]) -> None:
        super().__init__()
        self._title = title
        self._text = text
        self._answers = answers

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(Content(self._title), classes="title")
            with VerticalScroll(can_focus=False):
                yield Static(Content(self._text), classes="question")
            with Horizontal(classes="buttons"):
                for key, label in self._answers.items():
                    yield Button(Content(label), id=key, compact=True)
        yield Footer(compact=True)

    @on(Button.Pressed)
    def _chosen(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id or "")

    def action_close(self) -> None:
        """The safe answer."""
        self.dismiss(next(iter(self._answers)))


class RunDialog(AskDialog):
    """A question about a run that is under way; where the run ends behind it, it says so and can still be answered."""

    def run_ended(self, status: str) -> None:
        """The run has ended so: what was asked of one under way does not hold any more."""
        self._title = f"The run has ended meanwhile: {status}."
        self._text = "Its own screen shows what came of it."
        if self.is_mounted:
            self.query_one(".title", Static).update(Content(self._title))
            self.query_one(".question", Static).update(Content(self._text))


class LeaveDialog(RunDialog):
    """Whether to leave although a run is under way."""
