"""The digest of a plan as an operator gives it back with `--confirm`: a prefix is enough."""

import re
from itertools import zip_longest

import click

from wizard.system.sanitize import one_line

SHORTEST = 12
"""Hex digits of a digest that are enough: 48 bits, for one plan that exists at that moment."""
_LONGEST = 64


def given_digest(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """Return the value of `--confirm`, in lower case. Raise BadParameter if no plan can have it, before anything is read."""
    if value is None:
        return None
    given = value.strip().lower()
    if not re.fullmatch("[0-9a-f]*", given):
        raise click.BadParameter("it has characters other than hex digits (0-9, a-f).", ctx, param)
    if len(given) < SHORTEST:
        raise click.BadParameter(f"it is too short: give at least {SHORTEST} hex digits.", ctx, param)
    if len(given) > _LONGEST:
        raise click.BadParameter(f"it is too long: a digest has {_LONGEST} hex digits.", ctx, param)
    return given


def digest_mistake(given: str, digest: str) -> tuple[str, str]:
    """Return what is wrong with a given digest, as a sentence and as lines that show it; both empty if it is right."""
    given = one_line(given)
    if digest.startswith(given):
        return "", ""
    first = next(place for place, (one, other) in enumerate(zip_longest(given, digest), 1) if one != other)
    lines = (f"given  {given}", f"plan   {digest[: max(SHORTEST, len(given))]}", " " * (6 + first) + "^")
    return f"--confirm is not the digest of the current plan: digit {first} differs.", "\n  ".join(lines)
