"""The notice at the end of an incomplete run: which operations continue in Azure, and how to resume."""

from collections.abc import Iterator, Sequence

from screens.cli.options import Settings


def notice_lines(in_flight: Sequence[str], run: str, settings: Settings) -> Iterator[str]:
    """Yield the lines of the notice.

    `in_flight`: sentences about requests that were started and not seen to end; `run`: the run's ID, or empty without a journal.
    """
    yield from (f"· {sentence}" for sentence in in_flight)
    yield "Operations already started in Azure continue. Nothing is rolled back; completed steps are kept."
    if settings.simulate is not None:
        yield "This simulated Azure ends with the command. To use one that persists: aks-kms simulator --state FILE"
    elif run:
        yield f"To resume: {settings.command('runs', 'resume', run)}"
    else:
        yield "To resume, run the same command again."
