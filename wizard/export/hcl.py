"""Terraform's language, as far as the export writes it: blocks, arguments, and strings that stay text."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


@dataclass(frozen=True)
class Expression:
    """Code, written as it is. Never made from outside text."""

    code: str


Value = str | bool | int | Expression | Sequence["Value"] | Mapping[str, "Value"]


@dataclass(frozen=True)
class Block:
    """A block with its labels; the body has arguments, by name, and blocks."""

    type: str
    labels: tuple[str, ...] = ()
    arguments: Mapping[str, Value] = field(default_factory=dict)
    blocks: tuple["Block", ...] = ()
    comment: str = ""
    """A line above the block, without the sign."""


def quoted(text: str) -> str:
    """Return a string literal that means exactly this text: no interpolation, no directive, no line break."""
    text = text.replace("\\", "\\\\").replace('"', '\\"').replace("${", "$${").replace("%{", "%%{")
    return '"' + re.sub(r"[\x00-\x1f\x7f]", lambda c: f"\\u{ord(c[0]):04x}", text) + '"'


def value(it: Value, indent: int = 0) -> str:
    """Return a value as HCL writes it, over several lines if it is a mapping."""
    pad = "  " * indent
    match it:
        case Expression(code):
            return code
        case bool():
            return "true" if it else "false"
        case int():
            return str(it)
        case str():
            return quoted(it)
        case Mapping():
            if not it:
                return "{}"
            lines = [f"{pad}  {_key(name)} = {value(one, indent + 1)}" for name, one in it.items()]
            return "\n".join(["{", *lines, f"{pad}}}"])
        case _:
            return "[" + ", ".join(value(one, indent) for one in it) + "]"


def block(it: Block, indent: int = 0) -> str:
    """Return a block, with its arguments aligned as `terraform fmt` aligns them."""
    pad = "  " * indent
    head = " ".join([it.type, *(quoted(label) for label in it.labels)])
    width = max((len(name) for name, one in it.arguments.items() if not isinstance(one, Mapping)), default=0)
    lines = [f"{pad}# {it.comment}"] if it.comment else []
    lines.append(f"{pad}{head} {{")
    for name, one in it.arguments.items():
        left = name if isinstance(one, Mapping) else name.ljust(width)
        lines.append(f"{pad}  {left} = {value(one, indent + 1)}")
    for number, inner in enumerate(it.blocks):
        if it.arguments or number:
            lines.append("")
        lines.append(block(inner, indent + 1))
    return "\n".join([*lines, f"{pad}}}"])


def _key(name: str) -> str:
    return name if _NAME.fullmatch(name) else quoted(name)
