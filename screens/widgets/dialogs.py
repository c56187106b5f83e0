"""Dialogs on top of a page: a text to read and copy, a question, a problem, a file name."""

from pathlib import Path
from typing import ClassVar, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Static, TextArea

from screens.widgets.background import BackgroundScreen
from screens.widgets.fields import Field
from screens.widgets.key_footer import KeyFooter
from wizard.errors import Problem
from wizard.reports.wording import hanging
from wizard.system.sanitize import sanitize

Result = TypeVar("Result")


class Dialog(ModalScreen[Result], BackgroundScreen[Result]):
    """A question or a text on top of a page. Its text can be scrolled with the keyboard, whichever widget has the focus."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", "back"),
        *[
            Binding(key, f"read('{key}')", show=False)
            for key in ("up", "down", "pageup", "pagedown", "home", "end")
        ],
    ]

    def action_read(self, key: str) -> None:
        """Scroll the text of the dialog."""
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


def problem_content(problem: Problem, *, remedy_first: bool = False, width: int = 0) -> Content:
    """Return a problem as text: what failed, what Azure returned, the likely cause and the remedy.

    `remedy_first`: cause and remedy before what Azure returned, for a panel that shows only its first lines;
    `width`: columns that there are, so that the texts are beside their labels.
    """
    parts: list[tuple[str, str]] = [("✗ ", "$error"), (sanitize(problem.summary), "bold")]
    returned = ": ".join(filter(None, (sanitize(problem.code), sanitize(problem.azure_said))))
    ours = [("Likely cause", sanitize(problem.cause)), ("What to do", sanitize(problem.remedy))]
    azures = [("Azure said", returned)]
    for label, text in (
        *(ours + azures if remedy_first else azures + ours),
        (
            "For support",
            f"correlation ID {sanitize(problem.correlation_id)}" if problem.correlation_id else "",
        ),
    ):
        if text:
            shown = hanging(text, _LABEL, width) if width else text
            parts += [(f"\n{f'{label}  ':<{_LABEL if width else 0}}", "$quiet"), (shown, "")]
    return Content.assemble(*parts)


_LABEL = 14
"""The width of the labels of a problem."""


class _TextToKeep(Dialog[None]):
    """A text that can be copied, or saved to a file."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "copy", "copy all"),
        Binding("s", "save", "save"),
    ]

    def __init__(self, text: str, file_name: str) -> None:
        """`file_name` is the name that is proposed."""
        super().__init__()
        self._text = sanitize(text)
        self._file_name = file_name

    def action_close(self) -> None:
        """Return to the page."""
        self.dismiss(None)

    def action_copy(self) -> None:
        """Copy the text to the clipboard of the terminal, if it has one."""
        self.app.copy_to_clipboard(self._text)
        self.notify("Copied, if your terminal allows it. Press s to save it to a file.", markup=False)

    def action_save(self) -> None:
        """Save the text to a file."""
        self.app.push_screen(SaveDialog("Save as", self._file_name, {"": f"{self._text.rstrip()}\n"}))


class ProblemDialog(_TextToKeep):
    """A problem that no page shows itself."""

    def __init__(self, problem: Problem) -> None:
        self._content = problem_content(problem)
        super().__init__(self._content.plain, "problem.txt")

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog to-read"), VerticalScroll(can_focus=True):
            yield Static(self._content)
        yield KeyFooter()


class TextDialog(_TextToKeep):
    """A longer text to read, select and copy."""

    def __init__(self, title: str, text: str, file_name: str, *, wrap: bool = False) -> None:
        super().__init__(text, file_name)
        self._title = title
        self._wrap = wrap

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog large"):
            yield Static(Content(self._title), classes="title")
            yield TextArea(self._text, read_only=True, show_line_numbers=False, soft_wrap=self._wrap)
        yield KeyFooter()


class SaveDialog(Dialog[None]):
    """Ask for a file name and write the files: `texts` has the content for each suffix (empty: the name as typed)."""

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
        yield KeyFooter()

    def on_mount(self) -> None:
        self._field.edit()

    def _paths(self, typed: str) -> dict[Path, str]:
        """Return the files to write. Raise ValueError for a name that is not valid, RuntimeError for an unknown user."""
        base = Path(typed).expanduser()
        return {
            (base.with_name(base.name + suffix) if suffix else base): text
            for suffix, text in self._texts.items()
        }

    def _check(self, typed: str) -> str | None:
        if not typed:
            return "Enter a file name."
        try:
            for path in self._paths(typed):
                if path.exists():
                    return f"{path.name} already exists and is not overwritten. Choose another name."
                if not path.parent.is_dir():
                    return f"{path.parent} is not a directory. Choose one that exists."
        except (OSError, RuntimeError, ValueError) as error:
            return f"{typed} is not a valid file name: {_reason(error)}. Choose another name."
        return None

    @on(Button.Pressed, "#save")
    def _save(self) -> None:
        self._field.show_problem()
        if self._field.problem:
            self._field.edit()
            return
        paths = self._paths(self._field.value)
        for path, text in paths.items():
            try:
                with path.open("x", encoding="utf-8", newline="\n") as file:
                    file.write(text)
            except (OSError, ValueError) as error:
                self.notify(f"{path} was not saved: {_reason(error)}.", severity="error", markup=False)
                self._field.edit()
                return
        self.dismiss(None)
        self.app.notify(f"Saved: {', '.join(str(path.resolve()) for path in paths)}", markup=False)

    @on(Button.Pressed, "#cancel")
    def action_close(self) -> None:
        """Return to the page without writing anything."""
        self.dismiss(None)


def _reason(error: Exception) -> str:
    """Return why a file cannot be written, in the words of the operating system."""
    return str((error.strerror if isinstance(error, OSError) else None) or error).rstrip(".")


class Answer(Button):
    """An answer to a question."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "press", "choose"),
        Binding("right,tab", "app.focus_next", "next", key_display="tab"),
        Binding("left", "app.focus_previous", "previous", show=False),
    ]


class AskDialog(Dialog[str]):
    """A question with a few answers. The first answer is the safe one: it has the focus, and esc gives it."""

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
                    yield Answer(Content(label), id=key, compact=True)
        yield KeyFooter()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id or "")

    def action_close(self) -> None:
        """Give the safe answer."""
        self.dismiss(next(iter(self._answers)))


class RunDialog(AskDialog):
    """A question about a run in progress. It says so if the run ends before it is answered."""

    def run_ended(self, status: str) -> None:
        """Replace the question, which no longer applies, with the status of the run."""
        self._title = f"The run has ended: {status}."
        self._text = "The page of the run shows the result."
        if self.is_mounted:
            self.query_one(".title", Static).update(Content(self._title))
            self.query_one(".question", Static).update(Content(self._text))


class QuitDialog(RunDialog):
    """Whether to quit during a run."""
