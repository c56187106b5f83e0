"""The form for a new cluster with encryption enabled: name, resource group, region, version and nodes."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from screens.messages import Completed
from screens.pages.vault_offers import groups_of, regions_of
from screens.session.draft import NewClusterForm
from screens.session.session import Session
from screens.widgets.fields import Choice, ContinueButton, Field
from screens.widgets.frame import Frame, Heading
from screens.widgets.picker import PickField
from wizard.answers import naming
from wizard.cloud.inventory import VersionRow, kubernetes_versions, locations
from wizard.errors import AzureError

NEWEST = ""
ANY = ("newest suitable version", NEWEST)


class NewClusterScreen(Frame):
    """The form for a new cluster."""

    STEP = "cluster"
    HELP = """\
The cluster is created with encryption enabled, so no secret is ever stored unencrypted.

The versions are those that the region offers now and that support this encryption (1.33 or later). By default, the newest \
one is used that is neither a preview nor for long-term support only. The resource group is created if it does not exist. \
Nodes cost money as soon as the cluster is created."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+n", "continue", "continue", tooltip="Continue, from any field"),
    ]

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._regions: list[str] = []
        self._offered = False
        """Whether versions are listed, so that the one that is shown is the selected one."""
        self._versions_of = ""
        self._regions_unknown = False

    def body(self) -> ComposeResult:
        form = self.session.draft.new_cluster
        subscription = self.session.draft.subscription
        with VerticalScroll(can_focus=False):
            yield Heading(
                "Create a cluster with encryption enabled", subscription.name if subscription else ""
            )
            yield Static(classes="gap")
            yield Field("Name", key="name", check=_cluster_name, value=form.name)
            yield PickField(
                "Resource group",
                key="group",
                load=partial(groups_of, self.session),
                heads=("resource group", "region"),
                check=_required(naming.resource_group, "Enter a resource group."),
                value=form.resource_group,
                hint="created if it does not exist; ↓ lists those that exist",
            )
            yield PickField(
                "Region",
                key="region",
                load=partial(regions_of, self.session),
                heads=("region", "name"),
                check=self._region,
                value=form.location,
                hint="listing the regions…",
            )
            yield Choice("Kubernetes", [ANY], key="version", value=NEWEST)
            yield Field(
                "Nodes",
                key="nodes",
                check=_nodes,
                value=form.node_count,
                hint="in one node pool; AKS chooses their size",
            )
            yield ContinueButton()

    def on_mount(self) -> None:
        self.query_one("#name", Field).edit()
        self._update_button()
        self.background(self._read_regions(), "listing the regions")

    async def _read_regions(self) -> None:
        subscription = self.session.draft.subscription
        if subscription is None:
            return
        region = self.query_one("#region", Field)
        try:
            self._regions = await locations(self.session.azure, subscription.id)
        except AzureError as error:
            self._regions_unknown = True
            region.hint(
                f"The regions could not be listed ({error.problem.summary}). Type a short name such as westeurope."
            )
        else:
            region.hint(f"one of {len(self._regions)}, by short name such as westeurope; ↓ lists them")
        self._region_changed()

    def _region_changed(self) -> None:
        """List the versions of a region once its name is valid."""
        region = self.query_one("#region", Field)
        known = (
            region.value in self._regions if self._regions else self._regions_unknown and not region.problem
        )
        if known and region.value != self._versions_of:
            self._versions_of = region.value
            self.background(self._read_versions(region.value), "listing the versions")

    async def _read_versions(self, region: str) -> None:
        subscription = self.session.draft.subscription
        choice = self.query_one("#version", Choice)
        choice.hint(f"listing the versions in {region}…")
        try:
            versions = await kubernetes_versions(
                self.session.azure, subscription.id if subscription else "", region
            )
        except AzureError as error:
            if (
                region == self._versions_of
            ):  # of the versions of another region, only the selected one is still offered
                kept = self._form().version
                choice.offer([ANY, *([(kept, kept)] if kept else ())], kept)
                choice.hint(f"{error.problem.summary} By default, the run selects the version.")
                self._offered = True
            return
        if region != self._versions_of:
            return
        plain = next((v for v in versions if not v.preview and not v.lts_only), None)
        kept = self._form().version
        known = {v.version for v in versions}
        options = [ANY, *((_version(v), v.version) for v in versions)]
        choice.offer(options, kept if kept in known else NEWEST)
        self._offered = True
        if plain:
            choice.hint(
                f"the newest suitable version is {plain.version}; {region} offers {len(versions)} that support encryption"
            )
        else:
            choice.hint(
                f"! {region} offers no suitable version; choose another region, or one of the listed versions"
            )
        self._update_button()

    def _region(self, value: str) -> str | None:
        if not value:
            return "Enter a region."
        if why := naming.location(value):
            return why
        if self._regions and value not in self._regions:
            close = [r for r in self._regions if r.startswith(value[:4])][:4]
            return f"{value} is not a region of this subscription." + (
                f" Similar: {', '.join(close)}." if close else ""
            )
        return None

    def _form(self) -> NewClusterForm:
        """Return the form as it is on the screen; the version that was selected before stays while versions are loading."""
        typed = {str(field.id): field.value for field in self.query(Field)}
        version = self.query_one("#version", Choice).value if self._offered else None
        return form_of(self.session.draft.new_cluster, typed, version)

    @on(Field.Changed)
    @on(Choice.Changed)
    def _changed(self) -> None:
        self.session.draft = replace(self.session.draft, new_cluster=self._form())
        self._region_changed()
        self._update_button()

    def _update_button(self) -> None:
        waiting = [field for field in self.query(Field) if field.problem]
        why = f"Required: {', '.join(str(f.id) for f in waiting)}" if waiting else None
        self.query_one(ContinueButton).allow(why)

    @on(ContinueButton.Pressed)
    def action_continue(self) -> None:
        """Continue to the key, if every field is valid."""
        for field in self.query(Field):
            field.show_problem()
        if wrong := next((field for field in self.query(Field) if field.problem), None):
            wrong.edit()
            return
        self.session.complete("cluster", cluster=None, new_cluster=self._form())
        self.post_message(Completed("cluster"))


def form_of(before: NewClusterForm, typed: Mapping[str, str], version: str | None) -> NewClusterForm:
    """Return the form with what was typed; `version`: None keeps the one that was selected `before`."""
    return replace(
        before,
        name=typed["name"],
        resource_group=typed["group"],
        location=typed["region"],
        version=before.version if version is None else version,
        node_count=typed["nodes"],
    )


def _version(row: VersionRow) -> str:
    notes = [
        note for note, on_ in (("preview", row.preview), ("long-term support only", row.lts_only)) if on_
    ]
    return f"{row.version}  {row.latest_patch}" + (f"  {', '.join(notes)}" if notes else "")


def _cluster_name(value: str) -> str | None:
    return naming.managed_cluster(value) if value else "Enter a name for the cluster."


def _required(rule: Callable[[str], str | None], missing: str) -> Callable[[str], str | None]:
    return lambda value: rule(value) if value else missing


def _nodes(value: str) -> str | None:
    if value.isdecimal() and 1 <= int(value) <= 1000:
        return None
    return f"{value!r} is not a valid number of nodes. Enter 1 to 1000."
