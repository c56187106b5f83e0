"""Small screens on top of another one: text to read and copy, a question, a problem, a file's name."""

from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Footer, Static, TextArea

from screens.fields import Field
from wizard.cloud.clean import clean
from wizard.cloud.problems import Problem

CLOSE: list[BindingType] = [Binding("escape", "close", "back")]


def problem_content(problem: Problem, *, remedy_first: bool = False) -> Content:
    """A problem in words: what failed, what Azure said, the likely cause, what to do; or the last two before what Azure
    said, where there is little room."""
    parts: list[tuple[str, str]] = [("✗ ", "$text-error"), (clean(problem.summary), "bold")]
    said = ": ".join(filter(None, (clean(problem.code), clean(problem.azure_said))))
    ours = [("Likely cause", clean(problem.cause)), ("What to do", clean(problem.remedy))]
    azures = [("Azure said", said)]
    for label, text in (
        *(ours + azures if remedy_first else azures + ours),
        ("For support", f"correlation id {clean(problem.correlation_id)}" if problem.correlation_id else ""),
    ):
        if text:
            parts += [(f"\n{label}  ", "$quiet"), (text, "")]
    return Content.assemble(*parts)


class HelpDialog(ModalScreen[None]):
    """What a screen is for and what its keys do."""

    BINDINGS: ClassVar[list[BindingType]] = [*CLOSE, Binding("f1", "close", show=False)]

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(Content("Help"), classes="title")
            with VerticalScroll(can_focus=True):
                yield Static(Content(self._text))
        yield Footer(compact=True)

    def action_close(self) -> None:
        """Back to the screen."""
        self.dismiss(None)


class ProblemDialog(ModalScreen[None]):
    """Something went wrong where no screen shows it."""

    BINDINGS: ClassVar[list[BindingType]] = CLOSE

    def __init__(self, problem: Problem) -> None:
        super().__init__()
        self._problem = problem

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"), VerticalScroll(can_focus=True):
            yield Static(problem_content(self._problem))
        yield Footer(compact=True)

    def action_close(self) -> None:
        """Back to the screen."""
        self.dismiss(None)


class TextDialog(ModalScreen[None]):
    """A longer text, to be read, selected and copied."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *CLOSE,
        Binding("c", "copy", "copy all"),
        Binding("s", "save", "save"),
    ]

    def __init__(self, title: str, text: str, file_name: str, *, wrap: bool = False) -> None:
        super().__init__()
        self._title = title
        self._text = clean(text)
        self._file_name = file_name
        self._wrap = wrap

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog large"):
            yield Static(Content(self._title), classes="title")
            yield TextArea(self._text, read_only=True, show_line_numbers=False, soft_wrap=self._wrap)
        yield Footer(compact=True)

    def action_close(self) -> None:
        """Back to the screen."""
        self.dismiss(None)

    def action_copy(self) -> None:
        """Put the text on the terminal's clipboard, where the terminal has one."""
        self.app.copy_to_clipboard(self._text)
        self.notify("Copied, if your terminal allows it. s saves it to a file.", markup=False)

    def action_save(self) -> None:
        """Write the text to a file."""
        self.app.push_screen(SaveDialog("Save as", self._file_name, {"": self._text}))


class SaveDialog(ModalScreen[None]):
    """Asks for a file's name and writes there: `texts` maps a suffix (empty: the name as typed) to what goes in."""

    BINDINGS: ClassVar[list[BindingType]] = CLOSE

    def __init__(self, title: str, proposed: str, texts: dict[str, str]) -> None:
        super().__init__()
        self._title = title
        self._texts = texts
        self._field = Field("File", key="path", check=self._check, value=proposed)

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
        base = Path(typed).expanduser()
        return {
            (base.with_name(base.name + suffix) if suffix else base): text
            for suffix, text in self._texts.items()
        }

    def _check(self, typed: str) -> str | None:
        if not typed:
            return "Give the file a name."
        for path in self._paths(typed):
            if path.exists():
                return f"{path.name} exists already; nothing is overwritten. Choose another name."
            if not path.parent.is_dir():
                return f"{path.parent} is no directory here. Choose one that exists."
        return None

    @on(Button.Pressed, "#save")
    def _save(self) -> None:
        self._field.speak()
        if self._field.problem:
            self._field.edit()
            return
        paths = self._paths(self._field.value)
        try:
            for path, text in paths.items():
                with path.open("x", encoding="utf-8") as file:
                    file.write(text)
        except OSError as error:
            self.notify(f"Not saved: {error.strerror or error}.", severity="error", markup=False)
            return
        self.dismiss(None)
        self.app.notify(f"Saved: {', '.join(str(path.resolve()) for path in paths)}", markup=False)

    @on(Button.Pressed, "#cancel")
    def action_close(self) -> None:
        """Back to the screen, nothing written."""
        self.dismiss(None)


class AskDialog(ModalScreen[str]):
    """A question with a few answers; the first one is the safe one and has the focus. Esc gives the first."""

    BINDINGS: ClassVar[list[BindingType]] = CLOSE

    def __init__(self, title: str, text: str, answers: dict[str, str]) -> None:
        super().__init__()
        self._title = title
        self._text = text
        self._answers = answers

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(Content(self._title), classes="title")
            yield Static(Content(self._text), classes="text")
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
