"""Loads YAML files: plain data, without aliases.

A few hundred bytes of aliases of aliases expand to more than any memory can hold; no file that is read here needs one.
"""

from typing import Any

from wizard.errors import YamlAliasError

SLIPS = (
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    AssertionError,
    OverflowError,
    NotImplementedError,
)
"""What the YAML library raises besides its own errors for values and directives that it cannot interpret."""


def load(text: str) -> Any:
    """Return the data in a YAML text. Raise YamlAliasError, and what ruamel.yaml raises: its own errors and others."""
    from ruamel.yaml import YAML  # late: only commands that read a file need it
    from ruamel.yaml.events import AliasEvent

    if "*" in text:  # without an asterisk there is no alias, and most files have none
        for event in YAML(typ="safe", pure=True).parse(text):
            if isinstance(event, AliasEvent):
                raise YamlAliasError(event.start_mark.line + 1)
    return YAML(typ="safe", pure=True).load(text)
