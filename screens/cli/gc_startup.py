"""The garbage collector during start-up. Imports create no garbage, and searching for it takes a tenth of the time."""

import gc

_OBJECTS = 20_000
"""New objects after which the collector looks for garbage: a page of clusters has tens of thousands, and all of them live."""


def begin() -> None:
    """Disable the collector until `end`. A command that exits earlier never needs it."""
    gc.disable()


def end() -> None:
    """Enable the collector, and exempt what has been imported: it lives as long as the process."""
    gc.freeze()
    gc.set_threshold(_OBJECTS)
    gc.enable()
