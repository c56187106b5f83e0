"""Background work of a page: it ends with the page, and shows nothing afterwards."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from textual import on
from textual.app import App
from textual.events import Event, Resize, ScreenResume
from textual.screen import Screen
from textual.worker import Worker, WorkerState, get_current_worker

from screens.messages import Failed, Retrying
from wizard.cloud.retry_notices import RetryNotice
from wizard.cloud.retry_notices import listener as on_retry_notice
from wizard.errors import AzureError, Problem, internal_error
from wizard.system.coroutines import closing_arguments

Result = TypeVar("Result")
_WORK: WeakKeyDictionary[Worker[None], Coroutine[Any, Any, None]] = WeakKeyDictionary()


@closing_arguments
async def reported(
    work: Coroutine[Any, Any, None],
    name: str,
    *,
    on_retry: Callable[[RetryNotice], None],
    on_problem: Callable[[Problem], None],
) -> None:
    """Await `work` in a worker. Report retried requests, and an error; once the worker is cancelled, report nothing."""
    worker = get_current_worker()
    on_retry_notice.set(on_retry)
    try:
        await work
    except AzureError as error:
        if not worker.is_cancelled:
            on_problem(error.problem)
    except Exception as error:  # noqa: BLE001 - any error has to be shown, none may end the app
        if not worker.is_cancelled:
            on_problem(internal_error(error, name))


def run_reported(
    app: App[Any],
    work: Coroutine[Any, Any, None],
    name: str,
    group: str,
    *,
    on_retry: Callable[[RetryNotice], None],
    on_problem: Callable[[Problem], None],
    exclusive: bool = False,
) -> Worker[None]:
    """Run `work` in a worker of the app, as `reported`; `cancel` also closes it if it has not begun."""
    work = reported(work, name, on_retry=on_retry, on_problem=on_problem)
    worker = app.run_worker(work, name, group, exit_on_error=False, exclusive=exclusive)
    _WORK[worker] = work
    return worker


class BackgroundScreen(Screen[Result]):
    """A screen that works in the background. The app calls `end_work` when it removes the screen."""

    _styled = False

    async def on_event(self, event: Event) -> None:
        """Handle an event, and let others have their turn: a new page has several that take 50 ms each.

        An earlier size of the terminal is left out. A layout sends the screen its size again if it has changed, so that two sizes
        that wait at the same time, as when the terminal is resized at the start, would take turns without end.
        """
        if isinstance(event, Resize) and event.size != self.app.size:
            return
        await super().on_event(event)
        await asyncio.sleep(0)

    @on(ScreenResume)
    def _keep_styles(self, event: ScreenResume) -> None:
        """Style nothing again when the screen is shown first: everything was styled when it was mounted, just before."""
        if not self._styled:
            self._styled, event.refresh_styles = True, False

    @property
    def _group(self) -> str:
        return f"page-{id(self)}"

    def background(self, work: Coroutine[Any, Any, None], name: str) -> Worker[None]:
        """Run `work` until it ends or the screen does."""
        return run_reported(
            self.app, work, name, self._group, on_retry=self._on_retry, on_problem=self._on_problem
        )

    def end_work(self) -> None:
        """Cancel the work, once: what it does to clean up is not interrupted.

        A worker of the screen itself would be cancelled by Textual a second time, when the screen is unmounted.
        """
        cancel(worker for worker in self.app.workers if worker.group == self._group)

    def _on_retry(self, notice: RetryNotice) -> None:
        self.post_message(Retrying(notice))

    def _on_problem(self, problem: Problem) -> None:
        self.post_message(Failed(problem))


def cancel(workers: Iterable[Worker[Any]]) -> None:
    """Cancel those that are not cancelled yet. What one has not begun is closed: nobody will await it."""
    for worker in list(workers):
        if not worker.is_cancelled:
            worker.cancel()
            if worker.state is WorkerState.PENDING and worker in _WORK:
                _WORK.pop(worker).close()
