"""The tags of new resources, in the form that the Azure CLI accepts. Pure.

`--tags name=value` interprets `=`, a leading hyphen and a leading `@` (a file name), and has no escape for them
(az: core/commands/validators.py, core/commands/__init__.py). If a tag contains one, all tags are set as JSON.
"""

import shlex
from collections.abc import Mapping

from wizard.state.target import Target


def words(tags: Mapping[str, str]) -> tuple[str, ...]:
    """Return one word per tag, for `--tags`."""
    return tuple(f"{name}={value}" for name, value in tags.items())


def option(target: Target) -> tuple[str, ...]:
    """Return the option of the command that creates the resource."""
    return ('--tags "${TAGS[@]}"',) if target.answers.tags and not _odd(target.answers.tags) else ()


def afterwards(target: Target, url: str, *, resource: str = "") -> tuple[str, ...]:
    """Return the command that sets the tags of an existing resource, if the option cannot; `url` goes in double quotes.

    `resource` is the audience of the token, if it is not Azure Resource Manager.
    """
    if not _odd(target.answers.tags):
        return ()
    token = f" --resource {shlex.quote(resource)}" if resource else ""
    body = """--body '{"tags": '"$TAGS_JSON"'}'"""
    return (f'az rest --method patch --url "{url}"{token} \\\n    {body}',)


def _odd(tags: Mapping[str, str]) -> bool:
    return any("=" in name or name[:1] in {"-", "@"} or value.startswith("@") for name, value in tags.items())
