"""Background work of a page ends with the page, and shows nothing afterwards."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.app import ComposeResult
from textual.css.query import NoMatches
from textual.events import Resize
from textual.geometry import Size
from textual.pilot import Pilot
from textual.widgets import Static

import screens
from screens.app import WizardApp
from screens.widgets.dialogs import ProblemDialog
from screens.widgets.frame import Frame
from tests.support import wait_until
from wizard.cloud.azure import Azure
from wizard.cloud.retry_notices import RetryNotice, notify


class Page(Frame):
    """A page with a widget for its work to write to."""

    def body(self) -> ComposeResult:
        yield Static(id="answer")

    def write(self) -> None:
        self.query_one("#answer", Static).update("written")


@asynccontextmanager
async def never_connected(_: object) -> AsyncIterator[Azure]:
    await asyncio.Event().wait()
    yield  # type: ignore[misc]  # never reached


class NotedApp(WizardApp):
    """The wizard, which keeps its notifications."""

    CSS_PATH = str(Path(screens.__file__).with_name("wizard.tcss"))

    def __init__(self) -> None:
        super().__init__(never_connected, environment={})
        self.notified: list[str] = []

    def notify(self, message: str, **_: object) -> None:
        self.notified.append(message)


def notified(pilot: Pilot[int]) -> list[str]:
    assert isinstance(pilot.app, NotedApp)
    return pilot.app.notified


@pytest.fixture
async def pilot() -> AsyncIterator[Pilot[int]]:
    """A wizard that shows a page behind its first one."""
    app = NotedApp()
    async with app.run_test() as pilot:
        await app.push_screen(Page(app.session))
        yield pilot
        await app.leave()


def page_of(pilot: Pilot[int]) -> Page:
    assert isinstance(pilot.app.screen, Page)
    return pilot.app.screen


async def leave_page(pilot: Pilot[int]) -> None:
    await pilot.press("escape")
    await pilot.pause()
    assert not isinstance(pilot.app.screen, Page)


async def test_work_is_cancelled_when_its_page_is_left(pilot: Pilot[int]) -> None:
    page, answered = page_of(pilot), asyncio.Event()

    async def work() -> None:
        await answered.wait()
        page.write()
        page.notify("written")

    worker = page.background(work(), "waiting for an answer")
    await pilot.pause()
    await leave_page(pilot)
    answered.set()
    await pilot.pause()
    assert worker.is_cancelled
    assert not notified(pilot)
    assert not isinstance(pilot.app.screen, ProblemDialog)


async def test_cleaning_up_without_the_widgets_of_the_page_shows_no_problem(pilot: Pilot[int]) -> None:
    page, errors = page_of(pilot), []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await wait_until(lambda: not page.is_attached)
            notify(RetryNotice("GET aks-demo", "HTTP 503", 1.0, asked=False))
            try:
                page.write()
            except NoMatches as error:
                errors.append(error)
                raise

    worker = page.background(work(), "waiting for an answer")
    await pilot.pause()
    await leave_page(pilot)
    await worker.wait()
    assert errors, "the clean-up was interrupted"
    assert not isinstance(pilot.app.screen, ProblemDialog)
    assert not notified(pilot)


async def test_an_error_is_shown_while_the_page_is_there(pilot: Pilot[int]) -> None:
    async def work() -> None:
        raise ValueError("unexpected")

    page_of(pilot).background(work(), "reading the answer")
    await pilot.pause()
    await pilot.pause()
    assert isinstance(pilot.app.screen, ProblemDialog)


def test_every_worker_is_started_by_the_one_mechanism() -> None:
    folder = Path(screens.__file__).parent
    starts = [path.name for path in folder.rglob("*.py") if "run_worker(" in path.read_text("utf-8")]
    assert starts == ["background.py"]


async def test_an_earlier_size_of_the_terminal_is_not_laid_out(pilot: Pilot[int]) -> None:
    page, now, handled = page_of(pilot), pilot.app.size, asyncio.Event()
    page.post_message(Resize(earlier := Size(now.width, now.height + 1), earlier))
    page.call_later(handled.set)
    await handled.wait()
    assert page.outer_size == now
