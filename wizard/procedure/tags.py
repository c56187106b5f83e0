"""The tags of what is created, as the Azure CLI takes them. Pure.

`--tags name=value` reads `=`, a leading hyphen and a leading `@` (the name of a file) in its own way, and has no escape
for them (az: core/commands/validators.py, core/commands/__init__.py). Where a tag has one, all of them go in as JSON.
"""

import shlex
from collections.abc import Mapping

from wizard.state.target import Target


def words(tags: Mapping[str, str]) -> tuple[str, ...]:
    """One word a tag, as `--tags` takes them."""
    return tuple(f"{name}={value}" for name, value in tags.items())


def option(target: Target) -> tuple[str, ...]:
    """The option of the command that creates something."""
    return ('--tags "${TAGS[@]}"',) if target.answers.tags and not _odd(target.answers.tags) else ()


def afterwards(target: Target, url: str, *, resource: str = "") -> tuple[str, ...]:
    """The command that sets the tags once it is there, where the option cannot: `url` as it stands in double quotes.

    `resource` is whom the token is for, where that is not Azure Resource Manager.
    """
    if not _odd(target.answers.tags):
        return ()
    token = f" --resource {shlex.quote(resource)}" if resource else ""
    body = """--body '{"tags": '"$TAGS_JSON"'}'"""
    return (f'az rest --method patch --url "{url}"{token} \\\n    {body}',)


def _odd(tags: Mapping[str, str]) -> bool:
    return any("=" in name or name[:1] in {"-", "@"} or value.startswith("@") for name, value in tags.items())
