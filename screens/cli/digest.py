"""The digest of a plan as an operator gives it back with `--confirm`: a prefix is enough."""

from itertools import zip_longest

from wizard.system.sanitize import one_line

SHORTEST = 12
"""Hex digits of a digest that are enough: 48 bits, for one plan that exists at that moment."""


def digest_mistake(given: str, digest: str) -> tuple[str, str]:
    """Return what is wrong with a given digest, as a sentence and as lines that show it; both empty if it is right."""
    given = one_line(given.strip()).lower()
    if len(given) < SHORTEST:
        return f"--confirm {given or '(empty)'} is too short: give at least {SHORTEST} hex digits.", ""
    if digest.startswith(given):
        return "", ""
    first = next(place for place, (one, other) in enumerate(zip_longest(given, digest), 1) if one != other)
    lines = (f"given  {given}", f"plan   {digest[: max(SHORTEST, len(given))]}", " " * (6 + first) + "^")
    return f"--confirm is not the digest of the current plan: digit {first} differs.", "\n  ".join(lines)
