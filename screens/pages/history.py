"""The history: every run in the journal, with its answers, log and report."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from itertools import islice
from typing import ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.content import Content

from screens.pages import history_text
from screens.session.session import Session
from screens.widgets.cluster_table import ClusterTable
from screens.widgets.dialogs import SaveDialog, TextDialog
from screens.widgets.filter_words import has_words
from screens.widgets.frame import Heading
from wizard.errors import JournalError
from wizard.reports.wording import SPINNER
from wizard.runs.journal import RecordedRun, RunSummary, default_root, each_run, load_run

_AT_ONCE = 100
"""Runs that are read from the disk before the page shows them."""


class HistoryScreen(ClusterTable[RunSummary]):
    """A list of runs, the newest first."""

    HELP = """\
Every run of the wizard and of `aks-kms apply` on this computer. The journal is history only: the current state is always \
read from Azure. Nothing is changed or deleted here. A run that was not completed is resumed from the first page."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "open", tooltip="Show the answers and the log of the run"),
        Binding("t", "report", "report", tooltip="Show the report of the run, for a change ticket"),
        Binding("s", "save", "save", tooltip="Save the report of the run as Markdown"),
        Binding("c", "copy", "copy", tooltip="Copy the path of the run's directory"),
        Binding("r", "reload", "refresh", tooltip="Read the journal again"),
    ]

    def __init__(self, session: Session) -> None:
        super().__init__(session, "History of runs", id="history")
        self._found: list[RunSummary] = []
        self._problem = ""
        """Why the journal could not be read."""

    # -- reading -------------------------------------------------------------------------------------------------

    def recall(self) -> bool:
        """Read the journal each time."""
        return False

    def forget(self) -> None:
        """Forget what was found."""
        self._found, self._problem = [], ""

    async def read(self) -> AsyncGenerator[RunSummary, None]:
        """Read the journal, which may hold the runs of years."""
        runs = each_run(self.session.journal_root)
        try:
            while batch := await asyncio.to_thread(lambda: list(islice(runs, _AT_ONCE))):
                for run in batch:
                    self._found.append(run)
                    yield run
        except JournalError as error:
            self._problem = str(error)

    def finished(self) -> None:
        """Show what there is, in columns for the names that were found."""
        if self.columns() != self.drawn:
            self.fill()
        self.show_totals()

    # -- the table -----------------------------------------------------------------------------------------------

    def columns(self) -> dict[str, int]:
        """Return the columns that fit."""
        return history_text.columns(self.room, (run.cluster for run in self._found))

    def rows(self) -> list[RunSummary]:
        """Return the runs that match the filter."""
        return [run for run in self._found if self.fits(run)]

    def fits(self, row: RunSummary) -> bool:
        """Whether each word of the filter occurs in its row."""
        text = " ".join(cell.plain for cell in self.cells(row).values()) if self.words else ""
        return has_words(text, self.words)

    def cells(self, row: RunSummary) -> Mapping[str, Text]:
        """Return the cells of a run."""
        return history_text.cells(row)

    def head(self, column: str) -> str:
        """Return the name of a column; that of the sign has none."""
        return "" if column == "sign" else column

    def show_totals(self) -> None:
        """Show how many runs there are, and how many match."""
        text = history_text.totals(self.shown, len(self._found), filtered=bool(self.words))
        self.query_one(Heading).note(f"{SPINNER[self.beats // 3 % 4]} {text}" if self.reading else text)

    def describe(self, row: RunSummary | None) -> Content:
        """Return what a run was about, or why there is none."""
        if row is not None:
            can_resume = row.id in {run.id for run in self.session.resumable or ()}
            return history_text.description(row, can_resume=can_resume)
        if self._problem:
            return Content(self._problem)
        if self.reading:
            return Content("Reading the journal…")
        if self._found:
            return Content("No run matches the filter. Press Esc to clear it.")
        return Content(f"No runs in {self.session.journal_root or default_root()}.")

    # -- keys ----------------------------------------------------------------------------------------------------

    def _with_run(self, do: Callable[[RecordedRun], object]) -> None:
        """Read the run under the cursor, and do something with it."""
        row = self.under_cursor
        if row is None:
            return
        try:
            do(load_run(row))
        except JournalError as error:
            self.notify(str(error), severity="warning", markup=False)

    def action_open(self) -> None:
        """Show the answers and the log of the run."""
        from wizard.reports.recorded_run import run_text

        self._with_run(
            lambda run: self._show(
                f"Run {run.summary.id}", run_text(run, verbose=True), f"run-{run.summary.id}.txt"
            )
        )

    def action_report(self) -> None:
        """Show the report of the run."""
        from wizard.reports.run_report import run_report

        self._with_run(
            lambda run: self._show(
                f"Report of run {run.summary.id}", run_report(run), f"run-{run.summary.id}.md"
            )
        )

    def _show(self, title: str, text: str, file_name: str) -> None:
        self.app.push_screen(TextDialog(title, text, file_name))

    def action_save(self) -> None:
        """Save the report of the run."""
        from wizard.reports.run_report import run_report

        self._with_run(
            lambda run: self.app.push_screen(
                SaveDialog("Save the report", f"run-{run.summary.id}.md", {"": run_report(run)})
            )
        )

    def action_copy(self) -> None:
        """Copy the path of the run's directory."""
        if row := self.under_cursor:
            self.app.copy_to_clipboard(str(row.path))
            self.notify(f"Copied, if your terminal allows it: {row.path}", markup=False)
