"""Which cluster: every one that can be seen, as it is found, with how it is encrypted and why it cannot be chosen."""

from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import DataTable, Input, Static

from screens.frame import NARROW, Frame, Heading
from screens.theme import COLOURS
from screens.words import KINDS, SPINNER, STYLES, count, duration, encryption
from wizard.clock import Clock
from wizard.cloud.inventory import ClusterRow, Unreadable
from wizard.fleet.sweep import Gone, Swept, sweep

if TYPE_CHECKING:
    from wizard.cloud.azure import Subscription


_SHORT = {"needs a managed identity": "needs an identity"}
"""A table's cell has little room; the line below it says the whole."""


class ClusterScreen(Frame):
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
        Binding("enter", "choose", "choose", show=True),
        Binding("slash", "filter", "filter"),
        Binding("n", "new", "new cluster"),
        Binding("v", "verify", "verify only"),
        Binding("a", "many", "all clusters", show=False),
        Binding("r", "again", "ask again"),
    ]

    def __init__(self, *, verify_only: bool = False, looking_for: str = "") -> None:
        """`looking_for` is what the filter holds at first."""
        super().__init__()
        self._verify_only = verify_only
        self._looking_for = looking_for
        self._shown: list[ClusterRow | Unreadable] = []
        self._beats = 0
        self._reading = False
        self._clock = Clock()

    def body(self) -> ComposeResult:
        yield Heading("Which cluster is to be verified?" if self._verify_only else "Which cluster?")
        with Horizontal(id="filter-line"):
            yield Static(Content("/"), classes="sign")
            yield Input(self._looking_for, placeholder="filter", compact=True, id="filter")
        yield DataTable[Text](cursor_type="row", zebra_stripes=False, id="clusters")
        yield Static(id="detail")

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one(DataTable).focus()
        self.every(0.25, self._beat)
        if self.wizard.found_all:
            self._fill()
        else:
            self.action_again()

    def on_resize(self) -> None:
        super().on_resize()
        if self.is_mounted:
            self._fill()

    # -- reading -------------------------------------------------------------------------------------------------

    def action_again(self) -> None:
        """Ask Azure for the clusters."""
        if self._reading:
            return
        self._reading = True
        self._clock = Clock()
        self.background(self._read(), "listing the clusters")

    async def _read(self) -> None:
        wizard = self.wizard
        wizard.found, wizard.found_all = [], False
        self._fill()
        try:
            for subscriptions in self._in_turn():
                async for each in sweep(wizard.azure, subscriptions, whole=False):
                    if isinstance(each, Gone):
                        continue
                    row = each.row if isinstance(each, Swept) else each
                    wizard.found.append(row)
                    if self._fits(row):
                        self._add(row)
            wizard.found_all = True
        finally:
            self._reading = False
        self._note()
        self._detail()

    def _in_turn(self) -> "list[list[Subscription]]":
        """The chosen subscription by itself, then all others."""
        chosen = self.wizard.draft.subscription
        everything = self.wizard.subscriptions
        turns = [[s for s in everything if s == chosen], [s for s in everything if s != chosen]]
        return [turn for turn in turns if turn]

    def _beat(self) -> None:
        self._beats += 1
        if self._reading:
            self._note()

    def _note(self) -> None:
        found = self.wizard.found
        number = sum(isinstance(row, ClusterRow) for row in found)
        places = len({row.subscription_id for row in found})
        text = f"{number} found in {count(places, 'subscription')}"
        if self._reading:
            text = f"{SPINNER[self._beats % 4]} looking… {text} · {duration(self._clock.elapsed())}"
        self.query_one(Heading).note(text)

    # -- the table -----------------------------------------------------------------------------------------------

    def _fill(self) -> None:
        table = self.query_one(DataTable[Text])
        keep = self._under_cursor()
        table.clear(columns=True)
        narrow = self.app.size.width < NARROW
        names = (
            ("cluster", "version", "now")
            if narrow
            else ("cluster", "resource group", "version", "identity", "now")
        )
        for name in names:
            table.add_column(Text(name))
        self._shown = []
        for row in self.wizard.found:
            if self._fits(row):
                self._add(row)
        if keep in self._shown:
            table.move_cursor(row=self._shown.index(keep))
        self._note()
        self._detail()

    def _add(self, row: ClusterRow | Unreadable) -> None:
        self._shown.append(row)
        table = self.query_one(DataTable[Text])
        table.add_row(*self._cells(row, narrow=self.app.size.width < NARROW))
        chosen = self.wizard.draft.cluster
        if chosen and isinstance(row, ClusterRow) and row.id == chosen.id:
            table.move_cursor(row=len(self._shown) - 1)
        if len(self._shown) == 1:
            self._detail()

    def _cells(self, row: ClusterRow | Unreadable, *, narrow: bool) -> list[Text]:
        if isinstance(row, Unreadable):
            cells = [
                Text(row.subscription_name, COLOURS["dim"]),
                Text(""),
                Text("not readable", COLOURS["warn"]),
            ]
            return cells if narrow else [*cells[:1], Text(""), Text(""), *cells[1:]]
        words, tone = encryption(row.encryption)
        why = _SHORT.get(row.why_not or "", row.why_not or "")
        dim = COLOURS["dim"] if why else ""
        name = Text(row.name, dim or "bold")
        now = Text(words, dim or COLOURS[tone])
        if why:
            now = Text.assemble(now, "  ", (why, COLOURS["warn"]))
        elif row.provisioning_state == "Failed":
            now = Text.assemble(now, "  ", ("failed", COLOURS["warn"]))
        version = Text(row.kubernetes_version, dim)
        if narrow:
            return [name, version, now]
        return [name, Text(row.resource_group, dim), version, Text(row.identity, dim), now]

    def _fits(self, row: ClusterRow | Unreadable) -> bool:
        words = self.query_one("#filter", Input).value.casefold().split()
        if isinstance(row, Unreadable):
            text = row.subscription_name
        else:
            text = (
                f"{row.name} {row.resource_group} {row.location} {row.kubernetes_version} {row.identity} "
                f"{row.subscription_name} {encryption(row.encryption)[0]} {row.why_not or ''} "
                f"{row.provisioning_state}"
            )
        return all(word in text.casefold() for word in words)

    def _under_cursor(self) -> ClusterRow | Unreadable | None:
        row = self.query_one(DataTable).cursor_row
        return self._shown[row] if 0 <= row < len(self._shown) else None

    @on(DataTable.RowHighlighted)
    def _moved(self) -> None:
        self._detail()

    def _detail(self) -> None:
        row = self._under_cursor()
        self.query_one("#detail", Static).update(self._say(row))

    def _say(self, row: ClusterRow | Unreadable | None) -> Content:
        if row is None:
            if self._reading:
                return Content("Asking Azure…")
            if self.wizard.found:
                return Content("No cluster fits the filter. Esc empties it.")
            return Content("No cluster is visible here. n creates a new one, encrypted from birth.")
        if isinstance(row, Unreadable):
            from screens.dialogs import problem_content

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
                ("\n! ", STYLES["warn"]), f"It cannot be changed now: {explained(row)} v still verifies it."
            )
        elif row.provisioning_state == "Failed":
            second = Content.assemble(
                ("\n! ", STYLES["warn"]),
                "failed: can be repaired. The review says what is missing, and the same plan sends it again.",
            )
        elif row.identity == "system-assigned":
            second = Content(
                "\nA key of your own will move it to a user-assigned identity. What that changes: f1"
            )
        else:
            second = Content("")
        return first + second

    # -- keys ----------------------------------------------------------------------------------------------------

    @on(DataTable.RowSelected)
    def _selected(self) -> None:
        self.action_choose()

    @on(Input.Changed, "#filter")
    def _filtered(self) -> None:
        self._fill()

    @on(Input.Submitted, "#filter")
    def _filter_done(self) -> None:
        self.query_one(DataTable).focus()

    def action_filter(self) -> None:
        """Type what to look for."""
        self.query_one("#filter", Input).focus()

    def action_back(self) -> None:
        """Empty the filter first, then back."""
        field = self.query_one("#filter", Input)
        if field.value or field.has_focus:
            field.value = ""
            self.query_one(DataTable).focus()
        else:
            super().action_back()

    def action_choose(self) -> None:
        """This cluster, if it can be changed now."""
        row = self._under_cursor()
        if not isinstance(row, ClusterRow):
            return
        if self._verify_only:
            self.action_verify()
        elif row.why_not:
            self.notify(
                f"{row.name} cannot be changed now: {explained(row)}",
                severity="warning",
                markup=False,
                timeout=8,
            )
        else:
            wizard = self.wizard
            own = next(
                (s for s in wizard.subscriptions if s.id == row.subscription_id), wizard.draft.subscription
            )
            moved = own is not None and own != wizard.draft.subscription
            wizard.settle("cluster", cluster=row, subscription=own)
            if moved and own:
                wizard.watch_feature(own.id)
            wizard.after("cluster")

    def action_new(self) -> None:
        """A new cluster instead."""
        from screens.new_cluster import NewClusterScreen

        if not self._verify_only:
            self.app.push_screen(NewClusterScreen())

    def action_many(self) -> None:
        """Look at all clusters, with a verdict on each."""
        from screens.fleet_ways import look_at_many

        look_at_many(self.wizard)

    def action_verify(self) -> None:
        """Only look at how the cluster under the cursor is encrypted."""
        from screens.verification import VerificationScreen

        row = self._under_cursor()
        if isinstance(row, ClusterRow):
            self.app.push_screen(VerificationScreen(cluster_id=row.id))


def explained(row: ClusterRow) -> str:
    """Why not, in a sentence with what to do about it."""
    match row.why_not:
        case "legacy KMS v1":
            return (
                f"it runs {row.kubernetes_version} with legacy KMS version 1, from which there is no migration. Turn it off "
                f"(az aks update -n {row.name} -g {row.resource_group} --disable-azure-keyvault-kms), write every secret "
                "anew, upgrade to 1.33 or later, then come back. Keep the old key until then."
            )
        case "needs 1.33":
            return f"it runs {row.kubernetes_version}, and KMS data encryption needs 1.33 or later. Upgrade it first."
        case "stopped":
            return "it is stopped. Start it first: `az aks start`."
        case "needs a managed identity":
            return "it uses a service principal. Move it to a managed identity first."
        case why:
            return f"it {why}. Wait until Azure has finished with it, then ask again with r."
