"""The form for vault, key and identity: proposed names, existing resources, and findings about each entry."""

import asyncio
from dataclasses import replace
from functools import cached_property, partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.events import DescendantFocus
from textual.widget import Widget
from textual.widgets import Static

from screens.messages import Completed
from screens.pages import review_text, vault_offers, vault_text
from screens.pages.form_validation import FormValidation, ValidationResult, place_of
from screens.pages.vault_entries import (
    A_NEW_IDENTITY,
    A_NEW_KEY,
    A_NEW_VAULT,
    LOADING,
    NEW,
    PARTS,
    entries,
    form_of,
)
from screens.session.draft import VaultForm
from screens.session.session import Session
from screens.widgets.change import change
from screens.widgets.dialogs import TextDialog
from screens.widgets.fields import Choice, ContinueButton, Entry, Field
from screens.widgets.frame import NARROW, Frame, Heading
from screens.widgets.picker import CLOSED, PickChoice
from wizard.answers import naming
from wizard.answers.model import Answers
from wizard.cloud.arm import same
from wizard.cloud.inventory import IdentityRow, KeyRow, VaultRow, identities, keys, vaults
from wizard.errors import AnswersError, AzureError, Problem
from wizard.reports.wording import command_in
from wizard.rules import Finding
from wizard.state.key import KeyState


class VaultScreen(Frame):
    """The form for vault, key and identity."""

    STEP = "vault"
    HELP = """\
Names for new resources are proposed. You can change them, or choose existing resources in any subscription that you can \
see, in a list with a filter. The resources that the cluster uses now are preselected. The name of a vault must be unique in all of Azure.

When you leave an entry, preflight checks run. The entries that they are about are marked, and the panel shows what was \
found. Fix findings with ✗ before you continue, and consider those with !. The review shows all findings.

Purge protection keeps a deleted vault or key restorable for 90 days and cannot be turned off later. Without it, anyone who \
is allowed to purge the vault can immediately destroy the secrets of the cluster.

The vault can rotate the key. AKS uses each new version within 6 hours; keep the old versions.

Creating the key through Azure Resource Manager needs no data-plane role, and a private vault is created with public access \
denied. Creating it through the key vault, as in Microsoft's how-to, first assigns you Key Vault Crypto Officer. A \
private vault then stays open until the key is created.

The cluster uses the identity to reach the key. The identity gets Key Vault Crypto User and Key Vault Contributor on the \
vault; if the vault uses access policies, it gets its own access policy instead of the first role. No other policy is changed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+n", "continue", "continue", tooltip="Continue, from any field"),
        Binding("f8", "problem", "next problem", tooltip="Go to the next entry with a finding"),
        Binding(
            "ctrl+y",
            "copy_fix",
            "copy fix",
            tooltip="Copy the fix of the finding: its command, if it has one",
        ),
        Binding(
            "f3",
            "checks",
            "all checks",
            tooltip="Show all preflight checks, and what they found with remedies",
        ),
    ]

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._vaults: dict[str, VaultRow] = {}
        self._vaults_beside: list[str] = []
        """The names of those in the resource group of the cluster."""
        self._keys: dict[str, KeyRow] = {}
        self._identities: dict[str, IdentityRow] = {}
        self._keys_of = ""
        self._loading = {"vault", "identity"}
        """The choices whose existing resources are still being listed."""
        self._existing: dict[str, list[str]] = {"vault": [], "key": [], "identity": []}
        """Names that exist: of all vaults, of the keys in the selected vault, of identities in the cluster's resource group."""
        self._left_out = {"vault": "", "key": "", "identity": ""}
        """Why other existing resources are not offered."""
        self._found: dict[str, list[Finding]] = {}
        """The findings by the entry that they are about; the empty one has those about none."""
        self._rotated: str | None = None
        """How often the selected existing key is rotated; None until that is known."""
        self._drawn_soon = False
        """Whether `_draw` is going to be called."""
        self._had_findings = False
        """Whether the footer offers the keys of findings."""
        self._problem: Problem | None = None
        self._result: ValidationResult | None = None
        """What the preflight checks found last, and for which answers."""
        self._validation = FormValidation(self, self._validated)

    def body(self) -> ComposeResult:
        draft = self.session.draft
        yield Heading(f"Vault, key and identity for {draft.cluster_name}")
        yield Static(id="drawing", classes="text")
        with Horizontal(id="beside"):
            with VerticalScroll(can_focus=False, id="form"):
                yield from entries(draft, partial(vault_offers.groups_of, self.session))
            with VerticalScroll(can_focus=False, id="about"):
                yield Static(id="panel")
        yield ContinueButton("Continue to the review")

    def on_mount(self) -> None:
        self.query_one("#vault-name", Field).edit()
        self.background(self._read_vaults(), "listing the key vaults")
        self.background(self._read_identities(), "listing the identities")

    def on_resize(self) -> None:
        self._show()
        self.call_after_refresh(self._show)  # the panel has its new width only then

    # -- reading -------------------------------------------------------------------------------------------------

    async def _read_vaults(self) -> None:
        draft, azure = self.session.draft, self.session.azure
        choice = self.query_one("#vault", PickChoice)
        rows, problems = await vault_offers.everywhere(azure, self.session.subscriptions, vaults)
        self._existing["vault"] = [row.name for row in rows]
        usable, left_out, offers = await asyncio.to_thread(
            vault_offers.offers_of_vaults, rows, azure.signed_in.tenant_id, draft, self.session.subscriptions
        )
        self._vaults = {row.id: row for row in usable}
        self._vaults_beside = [row.name for row in usable if self._is_beside(row)]
        self._left_out["vault"] = _both(left_out, problems)
        kept = next((id_ for id_ in self._vaults if same(id_, draft.vault.vault_id)), NEW)
        if not draft.vault.seen and draft.cluster:
            now = draft.cluster.encryption.key_name.partition("/")[0]
            kept = next((row.id for row in usable if now and same(row.name, now)), NEW)
        choice.offer_rows([A_NEW_VAULT, *offers], kept)
        self._loading.discard("vault")
        self._show()

    async def _read_identities(self) -> None:
        draft = self.session.draft
        rows, problems = await vault_offers.everywhere(
            self.session.azure, self.session.subscriptions, identities
        )
        rows, offers = await asyncio.to_thread(
            vault_offers.offers_of_identities, rows, draft, self.session.subscriptions
        )
        self._existing["identity"] = [row.name for row in rows if self._is_beside(row)]
        self._identities = {row.id: row for row in rows}
        kept = next((id_ for id_ in self._identities if same(id_, draft.vault.identity_id)), NEW)
        if not draft.vault.seen and draft.cluster and draft.cluster.encryption.kms_enabled:
            now = draft.cluster.identities[:1]
            kept = next((row.id for row in rows if now and same(row.id, now[0])), NEW)
        choice = self.query_one("#identity", PickChoice)
        choice.offer_rows([A_NEW_IDENTITY, *offers], kept)
        self._left_out["identity"] = _both("", problems)
        self._loading.discard("identity")
        self._show()

    async def _read_keys(self, vault: VaultRow) -> None:
        choice = self.query_one("#key", PickChoice)
        try:
            rows = await keys(self.session.azure, vault.id)
        except AzureError as error:
            rows, trouble = [], f"! {error.problem.summary} A new key can still be created."
        else:
            trouble = ""
        if vault.id != self._keys_of:
            return
        self._loading.discard("key")
        self._existing["key"] = [row.name for row in rows]
        usable, left_out = vault_offers.usable_keys(vault, rows)
        self._keys = {row.name: row for row in usable}
        self._left_out["key"] = trouble or left_out
        draft = self.session.draft
        kept = draft.vault.key if draft.vault.key_exists else NEW
        if not draft.vault.seen and draft.cluster:
            of_vault, _, name = draft.cluster.encryption.key_name.partition("/")
            kept = name if same(of_vault, vault.name) else NEW
        choice.offer_rows(
            [A_NEW_KEY, *(vault_offers.offer_of_key(row) for row in usable)],
            kept if kept in self._keys else NEW,
        )
        if not draft.vault.seen:
            self._propose("key")
        self._show()
        if self._validation.pending or self._found:
            self._check()

    # -- the form -----------------------------------------------------------------------------------------

    @cached_property
    def _entries(self) -> list[Entry]:
        """All entries, which stay the same: Textual would search the whole page for them each time."""
        return list(self.query(Entry))

    @property
    def _fields(self) -> list[Field]:
        return [entry for entry in self._entries if isinstance(entry, Field)]

    @property
    def _choices(self) -> list[Choice]:
        return [entry for entry in self._entries if isinstance(entry, Choice)]

    def _value(self, name: str) -> str:
        return self.query_one(f"#{name}", Field).value

    def _choice(self, name: str) -> str:
        return self.query_one(f"#{name}", Choice).value

    def _chosen(self) -> tuple[VaultRow | None, KeyRow | None, IdentityRow | None]:
        """The existing vault, key and identity that are selected."""
        vault = self._vaults.get(self._choice("vault"))
        key = self._keys.get(self._choice("key")) if vault and vault.id == self._keys_of else None
        return vault, key, self._identities.get(self._choice("identity"))

    def _form(self) -> VaultForm:
        """Return the form as it is on the page."""
        typed = {str(field.id): field.value for field in self._fields}
        typed |= {str(choice.id): choice.value for choice in self._choices}
        offered = {*self._vaults, *self._identities}
        return form_of(self.session.draft, typed, *self._chosen(), loading=self._loading, offered=offered)

    def _is_beside(self, row: VaultRow | IdentityRow) -> bool:
        """Whether it is in the resource group of the cluster, where a new one is created by default."""
        draft = self.session.draft
        own = draft.subscription.id if draft.subscription else ""
        return same(row.subscription, own) and same(row.resource_group, draft.resource_group)

    def _propose(self, group: str) -> None:
        """Propose a name for a new vault, key or identity that does not exist yet, unless another name was typed."""
        plain = replace(self.session.draft, vault=VaultForm())
        proposed, longest = {
            "vault": (plain.vault_name, 24),
            "key": (plain.key_name, 127),
            "identity": (plain.identity_name, 128),
        }[group]
        field = self.query_one(f"#{group}-name", Field)
        if self._choice(group) == NEW and same(field.value, proposed):
            field.propose(naming.free_name(proposed, self._existing[group], longest))

    def _exists(self, group: str) -> bool:
        """Whether the name that is typed for a new resource exists already, so that the plan uses the existing one."""
        name = self._value(f"{group}-name")
        if group == "vault":
            there = self._vaults_beside
        elif group == "key" and self._chosen()[0] is None:
            there = []
        else:
            there = self._existing[group]
        elsewhere = group != "key" and self._value(f"{group}-group")
        return not elsewhere and any(same(name, each) for each in there)

    @property
    def _still_loading(self) -> bool:
        """Whether the resources that the cluster uses now cannot be preselected yet; continuing would create new ones."""
        draft = self.session.draft
        encrypted = draft.cluster is not None and draft.cluster.encryption.kms_enabled
        return encrypted and not draft.vault.seen and bool(self._loading)

    def keep_input(self) -> None:
        """Put the form into the draft."""
        self.session.draft = replace(self.session.draft, vault=self._form())

    def action_back(self) -> None:
        """Go back; what was typed is kept."""
        self._validation.cancel()
        self.keep_input()
        super().action_back()

    # -- preflight checks -----------------------------------------------------------------------------------------------

    @on(Field.Changed)
    def _typed(self, event: Field.Changed) -> None:
        self._validation.cancel()
        self._clear_findings(str(event.field.id))
        self._show()

    @on(Choice.Changed)
    def _selected(self, event: Choice.Changed) -> None:
        self._clear_findings(str(event.choice.id))
        if event.choice.id in self._existing:
            self._propose(event.choice.id)
        self._show()
        self._check()

    @on(Field.Left)
    def _left(self) -> None:
        if self.is_current:
            self._check()

    def _clear_findings(self, entry: str) -> None:
        """Clear the findings about this entry and those that belong to it."""
        group = next((g for g, parts in PARTS.items() if entry == g or entry in parts), entry)
        gone = {group, *PARTS.get(group, ())}
        if entry == "vault":
            gone |= {"key", *PARTS["key"]}
            self._rotated = None
        if entry == "key":
            self._rotated = None
        self._found = {place: found for place, found in self._found.items() if place not in gone}

    def _answers(self) -> Answers | None:
        """Return the answers with the form as it is; None if it is not valid."""
        if any(field.problem for field in self._fields if not field.disabled):
            return None
        try:
            return replace(self.session.draft, vault=self._form()).answers()
        except (AnswersError, ValueError):
            return None

    def _check(self) -> None:
        """Run the preflight checks for the form, if it is valid."""
        self._validation.check(self._answers())
        self._show()

    def _validated(self, result: ValidationResult | Problem) -> None:
        """Show the findings, or why there are none."""
        self._found, self._problem = {}, result if isinstance(result, Problem) else None
        if isinstance(result, ValidationResult):
            self._result = result
            self._rotated = KeyState(result.key).rotates_every if result.key else None
            for finding in result.findings:
                self._place(finding)
        if self.is_mounted:
            self._show()

    def _place(self, finding: Finding) -> None:
        place = place_of(finding.code)
        if finding.level == "info" or (not place and finding.level != "error"):
            return  # shown by the review
        if place == "rotate" and not self.query_one("#rotate").disabled:
            return  # the choice shows it
        if place and self.query_one(f"#{place}").disabled:
            place = next(group for group, parts in PARTS.items() if place == group or place in parts)
        self._found.setdefault(place, []).append(finding)

    def _mistakes(self) -> list[str]:
        """The entries of this form with an error."""
        return [place for place, found in self._found.items() if place and found[0].level == "error"]

    # -- drawing -------------------------------------------------------------------------------------------------

    def _show(self) -> None:
        """Show the entries that belong to what is selected, and soon, once, what there is to say of them."""
        if not self.is_mounted:
            return
        if not self._drawn_soon:
            self._drawn_soon = True
            self.call_later(self._draw)
        vault = self._vaults.get(self._choice("vault"))
        if vault and vault.id != self._keys_of:
            self._keys_of, self._keys = vault.id, {}
            self._existing["key"] = []
            self._loading.add("key")
            self.background(self._read_keys(vault), "listing the keys")
        vault, _, _ = chosen = self._chosen()
        for group, there in zip(PARTS, chosen, strict=True):
            for name in PARTS[group]:
                widget = self.query_one(f"#{name}")
                if there and widget.has_focus_within:  # it is not shown any more
                    self.query_one(f"#{group}").query_one(CLOSED).focus()
                widget.display, widget.disabled = there is None, there is not None
        self.query_one("#key").disabled = vault is None

    def _draw(self) -> None:
        """Draw what there is to say."""
        self._drawn_soon = False
        if not self.is_mounted:
            return
        vault, key, _ = self._chosen()
        self._explain(vault, key)
        for entry in self._entries:
            entry.take_findings(self._found.get(str(entry.id), ()))
        if self._had_findings != any(self._found.values()):
            self._had_findings = not self._had_findings
            self.refresh_bindings()
        self._show_panel()
        invalid = [str(field.id) for field in self._fields if not field.disabled and field.problem]
        why_not = vault_text.why_not_continue(invalid, self._mistakes(), loading=self._still_loading)
        self.query_one(ContinueButton).allow(why_not)

    @on(DescendantFocus)
    def _show_panel(self) -> None:
        """Show what there is to say of the entry that has the focus, and what is wrong elsewhere."""
        shown = [entry for entry in self._entries if entry.display]
        for entry in shown:
            entry.set_class(entry.has_focus_within, "here")
        here = next((entry.said for entry in shown if entry.has_focus_within), None)
        if here and not here.hint:  # what is said of all of its group
            group = next((group for group, parts in PARTS.items() if here.key in parts), "tags")
            here = replace(here, hint=self.query_one(f"#{group}", Entry).said.hint)
        around = self.query_one("#about", VerticalScroll)
        text = vault_text.panel(
            here,
            [entry.said for entry in shown if not entry.has_focus_within],
            self._found.get("", ()),
            list(self._left_out.values()),
            vault_text.state(
                self._problem,
                [LOADING[group] for group in self._loading],
                pending=self._validation.pending,
            ),
            around.size.width - (3 if self.app.size.width >= NARROW else 1),
        )
        change(self.query_one("#panel", Static), text)
        around.scroll_home(animate=False)

    def _explain(self, vault: VaultRow | None, key: KeyRow | None) -> None:
        draft = self.session.draft
        hints = vault_text.hints(
            vault,
            {str(choice.id): choice.value for choice in self._choices},
            private=draft.option == "Private",
            rotated=self._rotated if key else None,
        )
        for name, hint in (hints | {name: LOADING[name] for name in self._loading}).items():
            self.query_one(f"#{name}", Choice).hint(hint)
        for group in self._existing:
            hint = "exists already and is used unchanged" if self._exists(group) else ""
            self.query_one(f"#{group}-name", Field).hint(hint)
        narrow = self.app.size.width < NARROW
        name, link = self._value("vault-name"), self.session.portal_link
        line = vault_text.drawing(draft, vault, name, link, narrow=narrow)
        change(self.query_one("#drawing", Static), line)

    # -- keys ----------------------------------------------------------------------------------------------------

    def action_checks(self) -> None:
        """Show every preflight check and what it found, or that it is not yet read, and why."""
        answers = self._answers()
        if self._result and self._result.answers == answers:
            text = review_text.all_checks(self._result.findings)
        else:
            self._check()
            entries = [each for each in self._fields if not each.disabled] if answers is None else []
            why = vault_text.why_not_read(
                self._problem,
                [(str(each.id), each.problem) for each in entries if each.problem],
                valid=answers is not None,
                pending=self._validation.pending,
            )
            earlier = [finding for some in self._found.values() for finding in some]
            text = review_text.checks_not_read(why, earlier)
        name = f"checks-{self.session.draft.cluster_name}.txt"
        self.app.push_screen(TextDialog("Preflight checks", text, name, wrap=True))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002 - Textual's
        """Offer the keys of findings only if there are any."""
        return action not in {"problem", "copy_fix"} or any(self._found.values())

    def _with_findings(self) -> list[Entry]:
        """The entries with findings, as they are on the page; the one with the focus comes first."""
        entries = [entry for entry in self._entries if self._found.get(str(entry.id))]
        here = next((at for at, entry in enumerate(entries) if entry.has_focus_within), 0)
        return entries[here:] + entries[:here]

    def action_problem(self) -> None:
        """Go to the next entry with a finding; after the last comes the first."""
        entries = self._with_findings()
        if entries:
            self._edit(entries[1] if len(entries) > 1 and entries[0].has_focus_within else entries[0])

    def action_copy_fix(self) -> None:
        """Copy the fix of the entry that has the focus, else of the first finding: its command, or its sentence."""
        places = [*(str(entry.id) for entry in self._with_findings()), ""]
        finding = next(found for place in places for found in self._found.get(place, ()))
        fix = command_in(finding.remedy) or finding.remedy or finding.message
        self.app.copy_to_clipboard(fix)
        self.notify(f"Copied, if your terminal allows it: {fix}", markup=False)

    @on(ContinueButton.Pressed)
    def action_continue(self) -> None:
        """Continue to the review, if every field is valid."""
        fields = [field for field in self._fields if not field.disabled]
        for field in fields:
            field.show_problem()
        if wrong := next((field for field in fields if field.problem), None):
            wrong.edit()
            return
        if self._still_loading:
            return
        if mistakes := self._mistakes():
            self._edit(self.query_one(f"#{mistakes[0]}", Entry))
            return
        self._validation.cancel()
        self.session.complete("vault", vault=self._form())
        self.post_message(Completed("vault"))

    def _edit(self, entry: Entry) -> None:
        """Put the focus into an entry, and show it with its findings."""
        entry.query_one(f"Input, Select, {CLOSED}").focus(scroll_visible=False)
        self.call_after_refresh(self._reveal, entry)

    async def _reveal(self, entry: Widget) -> None:
        """Scroll to an entry, and stop any other scrolling."""
        for above in entry.ancestors:
            if isinstance(above, VerticalScroll):
                await above.stop_animation("scroll_y")
        entry.scroll_visible(animate=False, immediate=True)


def _both(left_out: str, problems: list[Problem]) -> str:
    """Return why some are not offered, and the first problem with listing them."""
    first = [f"! {problem.summary} A new one can still be created." for problem in problems[:1]]
    return "\n".join(filter(None, (left_out, *first)))
