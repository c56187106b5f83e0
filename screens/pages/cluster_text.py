"""What the list of clusters shows: its columns, a cluster in table cells and in words. Pure functions."""

from collections.abc import Callable, Mapping, Sequence

from rich.text import Text
from textual.content import Content

from screens.widgets.dialogs import problem_content
from screens.widgets.links import linked
from screens.widgets.theme import cell
from wizard.cloud.inventory import ClusterRow, Unreadable
from wizard.reports.wording import KINDS, STYLES, Tone, count, encryption, explained
from wizard.system.sanitize import one_line

Line = ClusterRow | Unreadable

_SHORT = {"needs a managed identity": "needs an identity"}
"""Shorter reasons for the table; the description of the row has the whole one."""

_FIXED = {"version": 7, "identity": 17, "now": 35}
"""Widths of columns that do not depend on the clusters."""


def columns(lines: Sequence[Line], room: int) -> dict[str, int]:
    """Return the columns and their widths: as many as leave room for the names of the clusters."""
    longest = max((len(line.name) for line in lines if isinstance(line, ClusterRow)), default=0)
    for left_out in ((), ("identity",), ("identity", "group")):
        names = [name for name in ("cluster", "group", *_FIXED) if name not in left_out]
        left = room - 1 - 2 * len(names) - sum(_FIXED[name] for name in names if name in _FIXED)
        group = left * 9 // 20 if "group" in names else 0
        if left - group >= min(max(longest, 12), 24):
            break
    return {name: _FIXED.get(name, group if name == "group" else left - group) for name in names}


def cells(line: Line) -> Mapping[str, Text]:
    """Return name, group, version, identity, and how the cluster is encrypted or why it cannot be selected."""
    if isinstance(line, Unreadable):
        empty = dict.fromkeys(("group", "version", "identity"), cell(""))
        return {"cluster": cell(one_line(line.name), "dim"), "now": cell("not readable", "warn"), **empty}
    words, tone = encryption(line.encryption)
    why = _SHORT.get(line.why_not or "", line.why_not or "")
    plain: Tone = "dim" if why else "plain"
    note = why or line.failed_operation
    if words.startswith("legacy KMS") and why.startswith("legacy KMS"):
        now = cell(why, "warn")  # it says both
    else:
        now = cell(KINDS[line.kind] if note else words, "dim" if why else tone)
        if note:
            now.append("  ").append(cell(note, "warn"))
    return {
        "cluster": cell(line.name, plain, bold=not why),
        "group": cell(line.resource_group, plain),
        "version": cell(line.kubernetes_version, plain),
        "identity": cell(line.identity, plain),
        "now": now,
    }


def matches(line: Line, words: Sequence[str]) -> bool:
    """Whether each of these words, in lower case, occurs in a line."""
    if isinstance(line, Unreadable):
        text = f"{line.name} {line.subscription_name}"
    else:
        text = (
            f"{line.name} {line.resource_group} {line.location} {line.kubernetes_version} {line.identity} "
            f"{line.subscription_name} {encryption(line.encryption)[0]} {line.why_not or ''} "
            f"{line.provisioning_state}"
        )
    text = text.casefold()
    return all(word in text for word in words)


def description(line: Line, link: Callable[[str], str], *, verify_only: bool) -> Content:
    """Return what is known of a cluster before it is selected. `link`: returns the URL of a resource in the portal."""
    if isinstance(line, Unreadable):
        return problem_content(line.problem)
    first = Content.assemble(
        linked(line.name, link(line.id)),
        f" · {line.location} · {count(line.node_pools, 'node pool')}, {count(line.nodes, 'node')}",
        f" · {line.provisioning_state}, {line.power_state.lower()}",
        (
            f"\n{line.resource_group} in {line.subscription_name} · {line.identity} · {KINDS[line.kind]}",
            "$quiet",
        ),
        (f" {line.encryption.key_name}" if line.encryption.key_name else "", "$quiet"),
    )
    if line.why_not:
        second = Content.assemble(
            ("\n! ", STYLES["warn"]),
            f"It cannot be changed now: {explained(line)}",
            "" if verify_only else " Press v to verify it.",
        )
    elif line.failed_operation:
        second = Content.assemble(
            ("\n! ", STYLES["warn"]),
            f"{line.failed_operation}: can be repaired. The review shows what is missing, and the same plan re-applies the update.",
        )
    elif line.identity == "system-assigned":
        second = Content(
            "\nA customer-managed key moves it to a user-assigned identity. Press F1 for the effects."
        )
    else:
        second = Content("")
    return first + second
