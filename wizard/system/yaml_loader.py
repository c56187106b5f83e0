"""Reading YAML from outside: plain data, and none of the language's ways to say a thing twice.

An alias names what an anchor holds, and a few hundred bytes of aliases of aliases become more than any memory holds; no
file that is read here needs one.
"""

from typing import Any


class AliasError(ValueError):
    """A text uses an alias, by its line (from 1)."""

    def __init__(self, line: int) -> None:
        self.line = line
        super().__init__(
            f"line {line} repeats something by an alias (*), which is not taken here; write it out"
        )


def load(text: str) -> Any:
    """The data in a YAML text. Raises AliasError, and what ruamel.yaml does: errors of its own and others."""
    from ruamel.yaml import YAML  # only who reads a file pays for it
    from ruamel.yaml.events import AliasEvent

    if "*" in text:  # without one there is no alias, and most have none
        for event in YAML(typ="safe", pure=True).parse(text):
            if isinstance(event, AliasEvent):
                raise AliasError(event.start_mark.line + 1)
    return YAML(typ="safe", pure=True).load(text)
