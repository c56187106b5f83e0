"""The progress of a sweep on stderr: a line that is redrawn on a terminal, else a line every few seconds."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import click

from screens.cli import live_line
from wizard.fleet.progress import Progress
from wizard.reports.wording import count, duration

_TERMINAL_INTERVAL, _LOG_INTERVAL = 0.25, 10.0
"""Seconds between two lines."""


@asynccontextmanager
async def show_progress(progress: Progress) -> AsyncIterator[None]:
    """Print the progress on stderr until the block ends."""
    on_terminal = live_line.is_possible()
    task = asyncio.create_task(_print_repeatedly(progress, on_terminal=on_terminal))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        live_line.erase()


async def _print_repeatedly(progress: Progress, *, on_terminal: bool) -> None:
    while True:
        await asyncio.sleep(_TERMINAL_INTERVAL if on_terminal else _LOG_INTERVAL)
        if on_terminal:
            width = os.get_terminal_size(sys.stderr.fileno()).columns
            live_line.show(progress_text(progress)[: width - 1])
        else:
            click.echo(progress_text(progress), err=True)


def progress_text(progress: Progress) -> str:
    """Return `3,200 of 10,013 clusters · 14 of 42 subscriptions · 1,250 a second · about 0:06 left`, and any throttling."""
    of = f" of {progress.expected:,}" if progress.expected is not None else ""
    parts = [
        f"{progress.clusters:,}{of} clusters" if of else count(progress.clusters, "cluster"),
        f"{progress.listed} of {count(progress.subscriptions, 'subscription')}",
        f"{progress.rate:,.0f} a second",
    ]
    if progress.left is not None:
        parts.append(f"about {duration(progress.left)} left")
    if text := throttling_text(progress):
        parts.append(text)
    return " · ".join(parts)


def throttling_text(progress: Progress) -> str:
    """Return how Azure throttles or throttled the sweep; empty if it did not."""
    throttling = progress.throttling
    left = throttling.left
    if not throttling.times:
        return f"Resource Graph quota used up, waiting {left:.0f} s" if left >= 1 else ""
    text = f"throttled by Azure {count(throttling.times, 'time')} (429)"
    return f"{text}, waiting {left:.0f} s" if left >= 0.5 else text


def summary(progress: Progress) -> str:
    """Return the totals of a finished sweep in one line."""
    text = (
        f"{count(progress.clusters, 'cluster')} in {count(progress.listed, 'subscription')} read in "
        f"{progress.elapsed:.1f} s, {progress.rate:,.0f} a second"
    )
    return f"{text}; {throttling}" if (throttling := throttling_text(progress)) else text
