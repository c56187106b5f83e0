"""The commands that a remedy prints: in backticks, or after a colon at its end, with no word behind them."""

import re
import shlex
from collections.abc import Iterable, Iterator

_QUOTED = re.compile(r"`((?:az|kubectl|aks-kms)(?: [^`]*)?)`")
_LAST = re.compile(r"(?:^|: )((?:az|kubectl|aks-kms) [^…]*)$")
SHORT = {"-n": "--name", "-g": "--resource-group", "-l": "--location", "-o": "--output"}
_ALONE = re.compile(r"\b(?:az|kubectl) [a-z]+")


def commands(remedy: str) -> list[str]:
    """Return the commands of a remedy. Raise ValueError for one with words behind it, or without backticks in a sentence."""
    found = _QUOTED.findall(remedy)
    rest = _QUOTED.sub("…", remedy)
    if last := _LAST.search(rest):
        found.append(last[1])
        rest = rest[: last.start()]
        if re.search(r"[a-z0-9)][.;)]$|  |\(|; ", re.sub(r"'[^']*'|\"[^\"]*\"", "x", last[1])):
            raise ValueError(f"words behind a command: {remedy}")
    if _ALONE.search(rest):
        raise ValueError(f"a command in the middle of a sentence: {remedy}")
    return found


def parts(command: str) -> Iterator[list[str]]:
    """Yield the arguments of each `az` of a shell command: of a pipe, of a list, and in substitutions."""
    for inner in re.findall(r"\$\(([^()]*)\)", command):
        yield from parts(inner)
    for each in re.split(r" && | \| ", re.sub(r"\$\([^()]*\)", "X", command)):
        words = shlex.split(each)
        if words[:1] == ["az"]:
            yield words[1:]


def az_commands(remedies: Iterable[str]) -> list[list[str]]:
    """Return the arguments of all `az` commands, one of each form: of the same command with the same options."""
    every: dict[tuple[str, ...], list[str]] = {}
    for remedy in remedies:
        for command in commands(remedy):
            for arguments in parts(command):
                first = next(
                    (at for at, word in enumerate(arguments) if word.startswith("-")), len(arguments)
                )
                options = sorted(SHORT.get(word, word) for word in arguments[first:] if word.startswith("-"))
                every.setdefault((*arguments[:first], *options), arguments)
    return list(every.values())


def names_its_subscription(arguments: list[str]) -> bool:
    """Whether a command acts on the same resource in any session: by subscription, or by an id (of another command: X)."""
    given = " ".join(arguments)
    return any(part in given for part in ("--subscription ", "/subscriptions/", "--id https://", "--scope X"))
