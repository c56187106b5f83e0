"""What somebody is told who leaves a run before its end: what still goes on in Azure, and how to carry on."""

from collections.abc import Iterator, Sequence

from screens.cli.options import Settings


def going_on(in_flight: Sequence[str], run: str, settings: Settings) -> Iterator[str]:
    """Line by line. `in_flight`: what had begun and was not seen to end; `run`: its id in the journal, or empty."""
    yield from (f"· {sentence}" for sentence in in_flight)
    yield "What Azure has begun goes on there; nothing is undone, and what is done is kept."
    if settings.simulate is not None:
        yield "This simulated Azure ends with the command; one that lasts: aks-kms simulator --state FILE"
    elif run:
        yield f"To carry on: {settings.command('runs', 'resume', run)}"
    else:
        yield "To carry on: the same command again."
