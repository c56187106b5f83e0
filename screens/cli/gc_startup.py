"""When the garbage collector runs. Imports create no garbage, and searching for it takes a tenth of the start-up time."""

import gc

COMMAND = (20_000, 10, 10)
"""A page of clusters has tens of thousands of new objects, and all of them live: Python's own 700 would take as long as decoding."""
WIZARD = (2_000, 10, 100)
"""A search through all objects delays a frame by 80 ms if there are ten thousand clusters; it follows two million new objects."""


def begin() -> None:
    """Disable the collector until `end`. A command that exits earlier never needs it."""
    gc.disable()


def end(after: tuple[int, int, int] | None = None) -> None:
    """Enable the collector, and exempt what has been imported: it lives as long as the process.

    `after`: its thresholds; by default those of a command, unless it is enabled already.
    """
    gc.freeze()
    if after or not gc.isenabled():
        gc.set_threshold(*(after or COMMAND))
    gc.enable()
