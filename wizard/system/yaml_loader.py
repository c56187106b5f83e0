"""Reading YAML from outside: plain data, and none of the language's ways to say a thing twice.

An alias names what an anchor holds, and a few hundred bytes of aliases of aliases become more than any memory holds; no
file that is read here needs one.
"""

from typing import Any

from wizard.errors import YamlAliasError


def load(text: str) -> Any:
    """The data in a YAML text. Raises YamlAliasError, and what ruamel.yaml does: errors of its own and others."""
    from ruamel.yaml import YAML  # only who reads a file pays for it
    from ruamel.yaml.events import AliasEvent

    if "*" in text:  # without one there is no alias, and most have none
        for event in YAML(typ="safe", pure=True).parse(text):
            if isinstance(event, AliasEvent):
                raise YamlAliasError(event.start_mark.line + 1)
    return YAML(typ="safe", pure=True).load(text)
