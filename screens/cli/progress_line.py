"""How far a sweep has come, on stderr: a line that is drawn over itself on a terminal, else a line now and then."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import click

from wizard.fleet.progress import Progress
from wizard.reports.wording import count, duration

_DRAWN, _SAID = 0.25, 10.0
"""Seconds between two lines: on a terminal, and in a log."""


@asynccontextmanager
async def told(progress: Progress) -> AsyncIterator[None]:
    """Tell the progress on stderr for the length of the block."""
    drawing = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
    telling = asyncio.create_task(_tell(progress, drawing=drawing))
    try:
        yield
    finally:
        telling.cancel()
        with suppress(asyncio.CancelledError):
            await telling
        if drawing:
            click.echo("\r\x1b[K", err=True, nl=False)


async def _tell(progress: Progress, *, drawing: bool) -> None:
    while True:
        await asyncio.sleep(_DRAWN if drawing else _SAID)
        if drawing:
            width = os.get_terminal_size(sys.stderr.fileno()).columns
            click.echo(f"\r\x1b[K{progress_text(progress)[: width - 1]}", err=True, nl=False)
        else:
            click.echo(progress_text(progress), err=True)


def progress_text(progress: Progress) -> str:
    """`3,200 of 10,013 clusters · 14 of 42 subscriptions · 1,250 a second · about 0:06 left`, and why it waits."""
    of = f" of {progress.expected:,}" if progress.expected is not None else ""
    parts = [
        f"{progress.clusters:,}{of} clusters" if of else count(progress.clusters, "cluster"),
        f"{progress.listed} of {count(progress.subscriptions, 'subscription')}",
        f"{progress.rate:,.0f} a second",
    ]
    if progress.left is not None:
        parts.append(f"about {duration(progress.left)} left")
    if wait := throttled(progress):
        parts.append(wait)
    return " · ".join(parts)


def throttled(progress: Progress) -> str:
    """Why nothing goes on just now, or has not for a while; empty where Azure never asked to wait."""
    throttling = progress.throttling
    left = throttling.left
    if not throttling.times:
        return f"Resource Graph's quota is used up, {left:.0f} s to wait" if left >= 1 else ""
    asked = f"Azure asked to wait {count(throttling.times, 'time')} (429)"
    return f"{asked}, {left:.0f} s left" if left >= 0.5 else asked


def summary(progress: Progress) -> str:
    """What a sweep took, when it is over."""
    text = (
        f"{count(progress.clusters, 'cluster')} in {count(progress.listed, 'subscription')} read in "
        f"{progress.elapsed:.1f} s, {progress.rate:,.0f} a second"
    )
    return f"{text}; {wait}" if (wait := throttled(progress)) else text
