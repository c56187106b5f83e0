"""A labelled input with a message line of its own, and the bar that leads on.

The law of timing: silent at first, speak when the field is left, fall silent on the keystroke that mends it.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Button, Input, Label, Select, Static

from wizard.reports.wording import LEVELS, STYLES
from wizard.system.sanitize import sanitize

if TYPE_CHECKING:
    from wizard.rules import Finding

Check = Callable[[str], str | None]
"""None where a text may stand, else why not."""


class Entry(Vertical):
    """One thing to be answered, and below it what the rules found in it."""

    def __init__(self, key: str) -> None:
        super().__init__(id=key, classes="field")
        self._found = Static("", classes="found")
        self._found.display = False

    def found(self, findings: "Sequence[Finding]") -> None:
        """Show what the rules found, each with what to do; nothing takes no room."""
        self._found.display = bool(findings)
        self.set_class(bool(findings), "told")
        self._found.update(findings_content(findings))


def findings_content(findings: "Sequence[Finding]") -> Content:
    """Findings in words, one below the other."""
    parts: list[Content] = []
    for finding in findings:
        sign, _, tone = LEVELS[finding.level]
        parts.append(
            Content.assemble(
                (f"{sign} {sanitize(finding.message)}", STYLES[tone]),
                (f"\n{sanitize(finding.remedy)}" if finding.remedy else "", "$quiet"),
            )
        )
    return Content("\n").join(parts)


class Field(Entry):
    """One labelled line of text."""

    class Left(Message):
        """The cursor is elsewhere now."""

    class Changed(Message):
        """The text is another one now."""

        def __init__(self, field: "Field") -> None:
            super().__init__()
            self.field = field

    def __init__(
        self,
        label: str,
        *,
        key: str,
        check: Check,
        value: str = "",
        hint: str = "",
        placeholder: str = "",
        stays: bool = False,
    ) -> None:
        """`stays`: enter leaves it only where nothing is wrong, so that what is typed next mends it."""
        super().__init__(key)
        self._label = label
        self._stays = stays
        self._check = check
        self._hint = hint
        self._input = Input(value, placeholder=placeholder, compact=True, id=f"{key}-input")
        self._message = Static(Content(hint), classes="message")
        self._speaking = False

    def compose(self) -> ComposeResult:
        with Horizontal(classes="line"):
            yield Label(Content(self._label), classes="label")
            yield self._input
        yield self._message
        yield self._found

    @property
    def value(self) -> str:
        """The text, without spaces around it."""
        return self._input.value.strip()

    @property
    def problem(self) -> str | None:
        """Why the text cannot stand, or None. Says nothing on the screen."""
        return None if self.disabled else self._check(self.value)

    def speak(self) -> None:
        """Say now what is wrong, if anything is."""
        self._speaking = True
        self._tell()

    def hint(self, text: str) -> None:
        """Another hint, shown while nothing is wrong."""
        self._hint = text
        self._tell()

    def propose(self, text: str) -> None:
        """Another text; by nobody, so that no `Changed` tells of it."""
        with self._input.prevent(Input.Changed):
            self._input.value = text
        self._tell()

    def edit(self) -> None:
        """Put the cursor here."""
        self._input.focus()

    def _tell(self) -> None:
        problem = self.problem if self._speaking else None
        self._speaking = problem is not None
        self.set_class(problem is not None, "wrong")
        self._message.update(Content(f"✗ {problem}" if problem else self._hint))
        self._message.set_class(not problem and not self._hint, "silent")

    def on_mount(self) -> None:
        self._tell()

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        if self._speaking:
            self._tell()
        self.post_message(self.Changed(self))

    @on(Input.Blurred)
    def _left(self, event: Input.Blurred) -> None:
        event.stop()
        self.speak()
        self.post_message(self.Left())

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        if self._stays and self.problem:
            self.speak()
        else:
            self.screen.focus_next()


class Choice(Entry):
    """One labelled choice among a few, with a line that says what the chosen one means."""

    class Changed(Message):
        """Another one is chosen now."""

        def __init__(self, choice: "Choice") -> None:
            super().__init__()
            self.choice = choice

    def __init__(
        self, label: str, options: list[tuple[str, str]], *, key: str, value: str = "", hint: str = ""
    ) -> None:
        super().__init__(key)
        self._label = label
        self._select: Select[str] = Select(
            _prompts(options),
            value=value or options[0][1],
            allow_blank=False,
            compact=True,
            id=f"{key}-select",
        )
        self._last = value or options[0][1]
        self._message = Static(Content(hint), classes="message" if hint else "message silent")

    def compose(self) -> ComposeResult:
        with Horizontal(classes="line"):
            yield Label(Content(self._label), classes="label")
            yield self._select
        yield self._message
        yield self._found

    @property
    def value(self) -> str:
        """The chosen one."""
        return str(self._select.value)

    def offer(self, options: list[tuple[str, str]], value: str) -> None:
        """Other options, with one of them chosen; by nobody, so that no `Changed` tells of it."""
        with self.prevent(Select.Changed):
            self._select.set_options(_prompts(options))
            self._select.value = value
        self._last = value

    def hint(self, text: str) -> None:
        """Say what the chosen one means."""
        self._message.update(Content(text))
        self._message.set_class(not text, "silent")

    @on(Select.Changed)
    def _changed(self, event: Select.Changed) -> None:
        event.stop()
        if self.value != self._last:  # a list tells of its first value as well
            self._last = self.value
            self.post_message(self.Changed(self))


def _prompts(options: list[tuple[str, str]]) -> list[tuple[Any, str]]:
    return [(Content(prompt), value) for prompt, value in options]


class ContinueButton(Horizontal):
    """The button that leads on; where it cannot, it says why."""

    class Pressed(Message):
        """The operator goes on."""

    def __init__(self, label: str = "Continue") -> None:
        super().__init__(classes="onward")
        self._button = Button(Content(label), variant="primary", compact=True, id="onward")
        self._why = Static("", classes="why")

    def compose(self) -> ComposeResult:
        yield self._button
        yield self._why

    def allow(self, why_not: str | None) -> None:
        """Open the way, or close it and say why."""
        self._button.disabled = why_not is not None
        self._why.update(Content(why_not or ""))

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        self.post_message(self.Pressed())
