"""What the list of clusters shows: its columns, a cluster in table cells and in words. Pure functions."""

from collections.abc import Callable, Collection, Mapping, Sequence

from rich.text import Text
from textual.content import Content

from screens.session.feature_registration import GONE, FeatureRegistration
from screens.widgets.dialogs import problem_content
from screens.widgets.filter_words import has_words
from screens.widgets.links import linked
from screens.widgets.theme import cell
from wizard.cloud.inventory import ClusterRow, Unreadable
from wizard.reports.wording import KINDS, SHORT_WHY, STYLES, Tone, count, encryption, explained
from wizard.system.sanitize import one_line

Line = ClusterRow | Unreadable

_NAMES = ("cluster", "group", "subscription", "version", "identity", "now")
_FIXED = {"version": 7, "identity": 17, "now": 35}
"""Widths of columns that do not depend on the clusters."""
_ENOUGH = 24
"""Columns of a name that are never more, unless one that is known is longer: a wide terminal does not tear a row apart."""
_SUBSCRIPTION_FROM = 83
"""Columns of the table from which the subscription is shown: a terminal of 110."""


def columns(lines: Sequence[Line], room: int, subscriptions: Sequence[str] = ()) -> dict[str, int]:
    """Return the columns and their widths: as many as leave room for the names of the clusters.

    `subscriptions`: the names of those that are searched. If there are several, theirs is shown from a terminal of 110 columns.
    """
    longest = max((len(line.name) for line in lines if isinstance(line, ClusterRow)), default=0)
    several = len(subscriptions) > 1 and room >= _SUBSCRIPTION_FROM
    hidden = () if several else ("subscription",)
    optional = ("identity", "group", *(("subscription",) if several else ()))
    for number in range(len(optional) + 1):
        left_out = (*hidden, *optional[:number])
        names = [name for name in _NAMES if name not in left_out]
        left = room - 1 - 2 * len(names) - sum(_FIXED.get(name, 0) for name in names)
        place = min(max(map(len, subscriptions)), max(12, left * 3 // 8)) if "subscription" in names else 0
        group = (left - place) * 9 // 20 if "group" in names else 0
        if left - place - group >= min(max(longest, 12), 24):
            break
    groups = max((len(line.resource_group) for line in lines if isinstance(line, ClusterRow)), default=0)
    group = min(group, max(groups, _ENOUGH))
    cluster = min(left - place - group, max(longest, _ENOUGH))
    width = {**_FIXED, "cluster": cluster, "group": group, "subscription": place}
    return {name: width[name] for name in names}


def cells(line: Line) -> Mapping[str, Text]:
    """Return name, group, version, identity, and how the cluster is encrypted or why it cannot be selected."""
    if isinstance(line, Unreadable):
        empty = dict.fromkeys(("group", "version", "identity"), cell(""))
        place = cell(one_line(line.subscription_name), "dim")
        name = cell(one_line(line.name), "dim")
        return {"cluster": name, "subscription": place, "now": cell("not readable", "warn"), **empty}
    words, tone = encryption(line.encryption)
    why = SHORT_WHY.get(line.why_not or "", line.why_not or "")
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
        "subscription": cell(one_line(line.subscription_name), plain),
        "version": cell(line.kubernetes_version, plain),
        "identity": cell(line.identity, plain),
        "now": now,
    }


def matches(line: Line, words: Sequence[str], shown: Collection[str]) -> bool:
    """Whether each of these words, in lower case, occurs in the columns of a line that are shown."""
    if not words:
        return True
    drawn = cells(line)
    return has_words(" ".join(drawn[name].plain for name in shown if name in drawn), words)


def totals(shown: int, found: int, places: int, *, filtered: bool) -> str:
    """Return how many clusters were found in how many subscriptions; with a filter, how many of them are shown."""
    number = f"{shown:,} of {found:,}" if filtered else f"{found:,}"
    return f"{number} found in {count(places, 'subscription')}"


def confirmation(row: ClusterRow, selected: str, feature: FeatureRegistration | None) -> Content:
    """Return the question whether the subscription is to be changed together with the cluster."""
    state = feature.state if feature else None
    says = {
        "Registered": "The preview feature is registered there.",
        GONE: "The preview feature is not needed there.",
        None: "The preview feature is looked up there, and the run registers it if necessary.",
    }.get(state, "The preview feature is not registered there; the run registers it.")
    return Content.assemble(
        ("! ", STYLES["warn"]),
        f"{row.name} is in {one_line(row.subscription_name)} (selected: {one_line(selected)}). {says}",
        ("\nEnter", STYLES["busy"]),
        " changes the subscription and continues   ",
        ("Esc", STYLES["busy"]),
        " returns to the list",
    )


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
