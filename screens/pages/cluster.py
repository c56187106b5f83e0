"""Which cluster: every one that can be seen, as it is found, with how it is encrypted and why it cannot be chosen."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.content import Content

from screens.messages import Completed, CreateCluster, ShowFleet, VerifyCluster
from screens.session.session import Session
from screens.widgets.cluster_table import ClusterTable, Rows
from screens.widgets.frame import Heading
from screens.widgets.theme import cell
from wizard.cloud.inventory import ClusterRow, Unreadable
from wizard.fleet.sweep import Gone, Swept, sweep
from wizard.reports.wording import KINDS, SPINNER, STYLES, Tone, count, duration, encryption, explained
from wizard.system.clock import Clock
from wizard.system.sanitize import one_line

if TYPE_CHECKING:
    from wizard.cloud.azure import Subscription

Line = ClusterRow | Unreadable

_SHORT = {"needs a managed identity": "needs an identity"}
"""A table's cell has little room; the line below it says the whole."""


class ClusterScreen(ClusterTable[Line]):
    """A filterable list of clusters; `verify_only` chooses one just to look at it."""

    STEP = "cluster"
    HELP = """\
Every cluster of every subscription that you can see. The last column says why a cluster cannot be changed now; it can \
still be verified. A cluster whose last operation failed can be chosen: the review says what its settings are and what \
they lack, and the same plan often repairs it.

A customer-managed key needs a user-assigned identity. Where the cluster has a system-assigned one, it is moved: the \
new identity gets its rights on the vault from the run, but any right that the old identity was given elsewhere (a \
network of your own, a registry, a DNS zone) must be given to the new one by you.

enter   choose the cluster
n       create a new cluster instead, encrypted from birth
v       only verify the cluster under the cursor
a       look at all clusters, with a verdict on each
/       filter by any word of a row; esc empties the filter, then goes back
r       ask Azure again"""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "choose"),
        Binding("n", "new", "new"),
        Binding("v", "verify", "verify"),
        Binding("a", "many", "all clusters", show=False),
    ]

    def __init__(
        self,
        session: Session,
        *,
        verify_only: bool = False,
        words: str = "",
        rows: Sequence[ClusterRow] | None = None,
    ) -> None:
        """`words`: what the filter holds at first; `rows`: the clusters to choose from, where they are known."""
        title = "Which cluster is to be verified?" if verify_only else "Which cluster?"
        super().__init__(session, title, words=words)
        self._verify_only = verify_only
        self._given = rows
        self._found: list[Line] = []
        self._looked_at = 0
        """Subscriptions that were looked at to the end, whether or not a cluster is in them."""
        self._clock = Clock()

    # -- reading -------------------------------------------------------------------------------------------------

    def recall(self) -> bool:
        """The clusters that were given, or all that were found before."""
        if self._given is None and not self.session.clusters_complete:
            return False
        self._found = list(self.session.clusters if self._given is None else self._given)
        self._looked_at = len(self.session.subscriptions) if self._given is None else 0
        return True

    def forget(self) -> None:
        """Forget what was found."""
        self._found, self._looked_at, self._clock = [], 0, Clock()

    async def read(self) -> AsyncGenerator[Line, None]:
        """The clusters of the chosen subscription, then those of all others."""
        for subscriptions in self._in_turn():
            async with aclosing(sweep(self.session.azure, subscriptions, whole=False)) as swept:
                async for each in swept:
                    if not isinstance(each, Gone):
                        self._found.append(each.row if isinstance(each, Swept) else each)
                        yield self._found[-1]

    def whole(self) -> None:
        """Kept by the app, so that coming back to the list shows it at once."""
        self._looked_at = len(self.session.subscriptions)
        self.session.clusters, self.session.clusters_complete = self._found, not self.stale
        if len(self.columns()) != len(self.query_one(Rows).columns):  # the names are longer than was thought
            self.fill()

    def _in_turn(self) -> "list[list[Subscription]]":
        chosen = self.session.draft.subscription
        everything = self.session.subscriptions
        turns = [[s for s in everything if s == chosen], [s for s in everything if s != chosen]]
        return [turn for turn in turns if turn]

    def tell(self) -> None:
        """How many were found, and whether it is still looked for more."""
        number = sum(isinstance(row, ClusterRow) for row in self._found)
        places = max(self._looked_at, len({row.subscription_id for row in self._found}))
        text = f"{number:,} found in {count(places, 'subscription')}"
        if self.reading:
            text = f"{SPINNER[self.beats // 3 % 4]} looking… {text} · {duration(self._clock.elapsed())}"
        self.query_one(Heading).note(text)

    # -- the table -----------------------------------------------------------------------------------------------

    def columns(self) -> dict[str, int]:
        """As many as leave room for the clusters' names; what is left out is said below the table."""
        longest = max((len(row.name) for row in self._found if isinstance(row, ClusterRow)), default=0)
        for left_out in ((), ("identity",), ("identity", "group")):
            fixed = {"version": 7, "identity": 17, "now": 33}
            names = [name for name in ("cluster", "group", *fixed) if name not in left_out]
            left = self.room - 1 - 2 * len(names) - sum(fixed[name] for name in names if name in fixed)
            group = left * 9 // 20 if "group" in names else 0
            if left - group >= min(max(longest, 12), 24):
                break
        return {name: fixed.get(name, group if name == "group" else left - group) for name in names}

    def rows(self) -> list[Line]:
        """Those that fit, as they were found."""
        return [row for row in self._found if self.fits(row)]

    def wanted(self, row: Line) -> bool:
        """The cluster that was chosen before."""
        chosen = self.session.draft.cluster
        return bool(chosen and isinstance(row, ClusterRow) and row.id == chosen.id)

    def cells(self, row: Line) -> Mapping[str, Text]:
        """Name, group, version, identity; how it is encrypted now, and in short why it cannot be chosen."""
        if isinstance(row, Unreadable):
            empty = dict.fromkeys(("group", "version", "identity"), cell(""))
            return {
                "cluster": cell(one_line(row.name), "dim"),
                "now": cell("not readable", "warn"),
                **empty,
            }
        words, tone = encryption(row.encryption)
        why = _SHORT.get(row.why_not or "", row.why_not or "")
        plain: Tone = "dim" if why else "plain"
        said = why or row.failed_operation
        if words.startswith("legacy KMS") and why.startswith("legacy KMS"):
            now = cell(why, "warn")  # it says both
        else:
            now = cell(words, "dim" if why else tone)
            if said:
                now.append("  ").append(cell(said, "warn"))
        return {
            "cluster": cell(row.name, plain, bold=not why),
            "group": cell(row.resource_group, plain),
            "version": cell(row.kubernetes_version, plain),
            "identity": cell(row.identity, plain),
            "now": now,
        }

    def fits(self, row: Line) -> bool:
        """Whether each of the filter's words is somewhere in it."""
        if isinstance(row, Unreadable):
            text = f"{row.name} {row.subscription_name}"
        else:
            text = (
                f"{row.name} {row.resource_group} {row.location} {row.kubernetes_version} {row.identity} "
                f"{row.subscription_name} {encryption(row.encryption)[0]} {row.why_not or ''} "
                f"{row.provisioning_state}"
            )
        text = text.casefold()
        return all(word in text for word in self.words)

    def say(self, row: Line | None) -> Content:
        """What there is to know of it before it is chosen."""
        if row is None:
            if self.reading:
                return Content("Asking Azure…")
            if self._found:
                return Content("No cluster fits the filter. Esc empties it.")
            new = "" if self._verify_only else " n creates a new one, encrypted from birth."
            return Content(f"No cluster is visible here.{new}")
        if isinstance(row, Unreadable):
            from screens.widgets.dialogs import problem_content

            return problem_content(row.problem)
        first = Content.assemble(
            (row.name, "bold"),
            f" · {row.location} · {count(row.node_pools, 'node pool')}, {count(row.nodes, 'node')}",
            f" · {row.provisioning_state}, {row.power_state.lower()}",
            (
                f"\n{row.resource_group} in {row.subscription_name} · {row.identity} · {KINDS[row.kind]}",
                "$quiet",
            ),
            (f" {row.encryption.key_name}" if row.encryption.key_name else "", "$quiet"),
        )
        if row.why_not:
            second = Content.assemble(
                ("\n! ", STYLES["warn"]),
                f"It cannot be changed now: {explained(row)}",
                "" if self._verify_only else " v still verifies it.",
            )
        elif row.failed_operation:
            second = Content.assemble(
                ("\n! ", STYLES["warn"]),
                f"{row.failed_operation}: can be repaired. The review says what is missing, and the same plan sends it again.",
            )
        elif row.identity == "system-assigned":
            second = Content("\nA key of your own moves it to a user-assigned identity. What changes: f1")
        else:
            second = Content("")
        return first + second

    # -- keys ----------------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Who only verifies creates no cluster, and verifies with enter."""
        offered = not (self._verify_only and action in {"new", "verify"})
        return offered and super().check_action(action, parameters)

    def action_open(self) -> None:
        """This cluster, if it can be changed now; the line below the table says why not."""
        row = self.under_cursor
        if not isinstance(row, ClusterRow):
            return
        if self._verify_only:
            self.action_verify()
        elif row.why_not:
            self.app.bell()
            self.query_one("#detail").add_class("refused")
        else:
            before = self.session.draft.subscription
            own = self.session.subscription_of(row.subscription_id) or before
            self.session.complete("cluster", cluster=row, subscription=own)
            if own and own != before:
                self.session.look_up_feature(own.id)
            self.post_message(Completed("cluster"))

    def action_new(self) -> None:
        """A new cluster instead."""
        self.post_message(CreateCluster())

    def action_many(self) -> None:
        """Look at all clusters, with a verdict on each."""
        self.post_message(ShowFleet())

    def action_verify(self) -> None:
        """Only look at how the cluster under the cursor is encrypted."""
        row = self.under_cursor
        if isinstance(row, ClusterRow):
            self.post_message(VerifyCluster(row.id))
