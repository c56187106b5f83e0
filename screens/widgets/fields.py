"""Form fields: a labelled input or choice with a message line of its own, and the button that continues.

A field shows no message at first. It shows what is wrong when the field is left, and clears it on the keystroke that fixes it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Button, Input, Label, Select, Static

from screens.widgets.change import change
from screens.widgets.form_words import for_form
from wizard.reports.wording import LEVELS, STYLES
from wizard.system.sanitize import sanitize

if TYPE_CHECKING:
    from wizard.rules import Finding

Check = Callable[[str], str | None]
"""Return None for a valid text, else what is wrong with it."""


@dataclass(frozen=True)
class Said:
    """What there is to say of one entry of a form."""

    key: str
    label: str
    hint: str = ""
    problem: str | None = None
    """What is wrong with its text, once it is shown."""
    findings: "tuple[Finding, ...]" = ()

    @property
    def level(self) -> str:
        """How bad it is: `error`, `warning`, or empty."""
        levels = {finding.level for finding in self.findings} | ({"error"} if self.problem else set())
        return next((level for level in ("error", "warning") if level in levels), "")


class Entry(Vertical):
    """One entry of a form. What there is to say of it is below it, or in a panel of the page, which then shows only a sign."""

    def __init__(self, key: str, label: str) -> None:
        super().__init__(id=key, classes="field")
        self._label = label
        self._hint = ""
        self._findings: tuple[Finding, ...] = ()
        self._sign = Static(Content(""), classes="sign")
        self._message = Static(Content(""), classes="message silent")

    def _line(self, *controls: Widget) -> ComposeResult:
        """Yield the label, the controls and the sign on one line, and the message below it."""
        with Horizontal(classes="line"):
            yield Label(Content(self._label), classes="label")
            yield from controls
            yield self._sign
        yield self._message

    @property
    def said(self) -> Said:
        """What there is to say of it now."""
        return Said(str(self.id), self._label.strip(), self._hint, self.shown_problem, self._findings)

    @property
    def shown_problem(self) -> str | None:
        """What is wrong with its text, if that is shown."""
        return None

    def take_findings(self, findings: "Sequence[Finding]") -> None:
        """Take note of the findings about this entry."""
        self._findings = tuple(findings)
        self.mark()

    def mark(self) -> None:
        """Show the sign for what is wrong."""
        level = self.said.level
        sign, _, tone = LEVELS[level] if level else ("", "", "plain")
        change(self._sign, Content.assemble((sign, STYLES[tone])))


def findings_content(findings: "Sequence[Finding]") -> Content:
    """Return findings as text, one below the other."""
    parts: list[Content] = []
    for finding in findings:
        sign, _, tone = LEVELS[finding.level]
        parts.append(
            Content.assemble(
                (f"{sign} {for_form(sanitize(finding.message))}", STYLES[tone]),
                (f"\n{for_form(sanitize(finding.remedy))}" if finding.remedy else "", "$quiet"),
            )
        )
    return Content("\n").join(parts)


class Field(Entry):
    """One labelled line of text."""

    class Left(Message):
        """The focus has left the field."""

    class Changed(Message):
        """The text has changed."""

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
        """`stays`: enter keeps the focus here while the text is not valid, so that it can be corrected at once."""
        super().__init__(key, label)
        self._stays = stays
        self._check = check
        self._hint = hint
        self._input = Input(value, placeholder=placeholder, compact=True, id=f"{key}-input")
        self._message = Static(Content(hint), classes="message")
        self._shows_problem = False

    def compose(self) -> ComposeResult:
        yield from self._line(self._input)

    @property
    def value(self) -> str:
        """The text, without spaces around it."""
        return self._input.value.strip()

    @property
    def problem(self) -> str | None:
        """What is wrong with the text, or None. Does not show it."""
        return None if self.disabled else self._check(self.value)

    @property
    def shown_problem(self) -> str | None:
        """What is wrong with the text, if that is shown."""
        return self.problem if self._shows_problem else None

    def show_problem(self) -> None:
        """Show what is wrong with the text, if anything is."""
        self._shows_problem = True
        self._show_message()

    def hint(self, text: str) -> None:
        """Change the hint, which is shown while nothing is wrong."""
        self._hint = text
        self._show_message()

    def propose(self, text: str) -> None:
        """Change the text without a `Changed` message: the operator has not typed it."""
        with self._input.prevent(Input.Changed):
            self._input.value = text
        self._show_message()

    def edit(self) -> None:
        """Put the cursor here."""
        self._input.focus()

    def _show_message(self) -> None:
        problem = self.problem if self._shows_problem else None
        self._shows_problem = problem is not None
        self.set_class(problem is not None, "wrong")
        change(self._message, Content(f"✗ {problem}" if problem else self._hint))
        self._message.set_class(not problem and not self._hint, "silent")
        self.mark()

    def on_mount(self) -> None:
        self._show_message()

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        if self._shows_problem:
            self._show_message()
        self.post_message(self.Changed(self))

    @on(Input.Blurred)
    def _left(self, event: Input.Blurred) -> None:
        event.stop()
        self.show_problem()
        self.post_message(self.Left())

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if self._stays and self.problem:
            self.show_problem()
        else:
            self.screen.focus_next()


class Choice(Entry):
    """One labelled choice among a few options, with a line that explains the selected one."""

    class Changed(Message):
        """Another option is selected."""

        def __init__(self, choice: "Choice") -> None:
            super().__init__()
            self.choice = choice

    def __init__(
        self, label: str, options: list[tuple[str, str]], *, key: str, value: str = "", hint: str = ""
    ) -> None:
        super().__init__(key, label)
        self._hint = hint
        self._last = value or options[0][1]
        self._make(options, key)
        self._message = Static(Content(hint), classes="message" if hint else "message silent")

    def _make(self, options: list[tuple[str, str]], key: str) -> None:
        """Make the widget that shows the selected option."""
        self._select: Select[str] = Select(
            _prompts(options), value=self._last, allow_blank=False, compact=True, id=f"{key}-select"
        )

    def compose(self) -> ComposeResult:
        yield from self._line(self._select)

    @property
    def value(self) -> str:
        """The value of the selected option."""
        return str(self._select.value)

    def offer(self, options: list[tuple[str, str]], value: str) -> None:
        """Change the options and select one, without a `Changed` message."""
        with self.prevent(Select.Changed):
            self._select.set_options(_prompts(options))
            self._select.value = value
        self._last = value

    def hint(self, text: str) -> None:
        """Explain the selected option."""
        self._hint = text
        change(self._message, Content(text))
        self._message.set_class(not text, "silent")

    @on(Select.Changed)
    def _changed(self, event: Select.Changed) -> None:
        event.stop()
        if self.value != self._last:  # Select also posts this for its first value
            self._last = self.value
            self.post_message(self.Changed(self))


def _prompts(options: list[tuple[str, str]]) -> list[tuple[Any, str]]:
    return [(Content(prompt), value) for prompt, value in options]


class ContinueButton(Horizontal):
    """The button that continues to the next page. When it is disabled, it says why."""

    class Pressed(Message):
        """The operator wants to continue."""

    def __init__(self, label: str = "Continue") -> None:
        super().__init__(classes="continue")
        self._button = Button(Content(label), variant="primary", compact=True, id="continue")
        self._why = Static(Content(""), classes="why")

    def compose(self) -> ComposeResult:
        yield self._button
        yield self._why

    def allow(self, why_not: str | None) -> None:
        """Enable the button, or disable it and show why."""
        self._button.disabled = why_not is not None
        change(self._why, Content(why_not or ""))

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        self.post_message(self.Pressed())
