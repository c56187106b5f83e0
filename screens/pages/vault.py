"""The vault, the key and the identity: new names proposed, existing ones offered, what the rules find shown where it arises."""

from dataclasses import replace
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from screens.messages import Completed
from screens.pages import vault_offers, vault_words
from screens.pages.form_validation import LiveRules, Seen, place_of
from screens.pages.vault_entries import A_NEW_IDENTITY, A_NEW_KEY, A_NEW_VAULT, NEW, PARTS, entries, form_of
from screens.session.draft import VaultForm
from screens.session.session import Session
from screens.widgets.dialogs import TextDialog
from screens.widgets.fields import Choice, ContinueButton, Entry, Field, findings_content
from screens.widgets.frame import NARROW, Frame, Heading
from wizard.answers import naming
from wizard.answers.naming import how_often
from wizard.cloud.arm import same
from wizard.cloud.inventory import IdentityRow, KeyRow, VaultRow, identities, keys, vaults
from wizard.errors import AnswersError, AzureError, Problem
from wizard.reports.wording import STYLES, finding_text
from wizard.rules import Finding
from wizard.state.key import KeyState
from wizard.system.sanitize import sanitize

_CALLED = {
    "vault-name": "the vault's name",
    "key-name": "the key's name",
    "identity-name": "the identity's name",
}


class VaultScreen(Frame):
    """The form for vault, key and identity."""

    STEP = "vault"
    HELP = """\
New names are proposed; change them as you like, or choose what exists already, in any subscription that you can see. What \
the cluster uses now is chosen to begin with. A vault's name is unique in all of Azure.

Once you leave an entry, Azure is asked what it makes of it, and what the rules find stands below the entry that it is \
about: ✗ has to be mended before you can go on, ! is for you to weigh. Rights, locks and policies stand above Continue.

Purge protection keeps a deleted vault or key restorable for 90 days, against everybody. It cannot be turned off again. \
Without it, whoever may purge the vault may destroy the cluster's secrets at once.

A key can be rotated by the vault itself. AKS takes up each new version within 6 hours; old versions must stay.

A key made through Azure Resource Manager needs no role on the vault's keys, and a private vault is closed from birth. \
Made through the vault itself, as the how-to writes it, you are first given the role Key Vault Crypto Officer, and a \
private vault stands open until the key is made.

The identity is how the cluster reaches the key. It gets Key Vault Crypto User and Key Vault Contributor on the vault; \
where the vault decides by access policies, one of its own instead of the first role. Nobody else's policy is touched.

enter   open a choice; next field; on Continue: go on
ctrl+n  go on from any field
f3      what the rules found, to be read and copied
esc     back; what you typed is kept"""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+n", "onward", "continue"),
        Binding("f3", "checks", "all checks"),
    ]

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._vaults: dict[str, VaultRow] = {}
        self._keys: dict[str, KeyRow] = {}
        self._identities: dict[str, IdentityRow] = {}
        self._keys_of = ""
        self._reading = {
            "vault": "asking Azure for the vaults…",
            "identity": "asking Azure for the identities…",
        }
        """What is said of a choice while Azure is still asked what there is."""
        self._taken: dict[str, list[str]] = {"vault": [], "key": [], "identity": []}
        """The names of what exists: of vaults everywhere, of the chosen vault's keys, of the cluster's identities."""
        self._vaults_left_out = ""
        self._keys_left_out = ""
        self._identities_left_out = ""
        self._found: dict[str, list[Finding]] = {}
        """What the rules found, by the entry under which it stands; the empty one is the bottom."""
        self._rotated: str | None = None
        """How often the chosen existing key is rotated; None while that is not known."""
        self._trouble: Problem | None = None
        self._live = LiveRules(self, self._told)

    def body(self) -> ComposeResult:
        draft = self.session.draft
        with VerticalScroll(can_focus=False):
            yield Heading(f"Vault, key and identity for {draft.cluster_name}")
            yield Static(id="drawing", classes="text")
            yield from entries(draft)
        yield Static(id="ahead")
        yield ContinueButton("Continue to the review")

    def on_mount(self) -> None:
        self.query_one("#vault-name", Field).edit()
        self.background(self._read_vaults(), "listing the key vaults")
        self.background(self._read_identities(), "listing the identities")

    def on_resize(self) -> None:
        self._show()

    # -- reading -------------------------------------------------------------------------------------------------

    async def _read_vaults(self) -> None:
        draft, azure = self.session.draft, self.session.azure
        choice = self.query_one("#vault", Choice)
        rows, problems = await vault_offers.everywhere(azure, self.session.subscriptions, vaults)
        self._taken["vault"] = [row.name for row in rows]
        usable, left_out = vault_offers.usable_vaults(rows, azure.signed_in.tenant_id)
        usable = vault_offers.nearest_first(draft, usable)
        self._vaults = {row.id: row for row in usable}
        self._vaults_left_out = _both(left_out, problems)
        offers = [vault_offers.offer(row, draft, self.session.subscriptions) for row in usable]
        kept = next((id_ for id_ in self._vaults if same(id_, draft.vault.vault_id)), NEW)
        if not draft.vault.seen and draft.cluster:
            now = draft.cluster.encryption.key_name.partition("/")[0]
            kept = next((row.id for row in usable if now and same(row.name, now)), NEW)
        choice.offer([A_NEW_VAULT, *offers], kept)
        self._reading.pop("vault")
        self._show()

    async def _read_identities(self) -> None:
        draft = self.session.draft
        rows, problems = await vault_offers.everywhere(
            self.session.azure, self.session.subscriptions, identities
        )
        self._taken["identity"] = [row.name for row in rows if self._is_beside(row)]
        rows = vault_offers.nearest_first(draft, rows)
        self._identities = {row.id: row for row in rows}
        offers = [vault_offers.offer(row, draft, self.session.subscriptions) for row in rows]
        kept = next((id_ for id_ in self._identities if same(id_, draft.vault.identity_id)), NEW)
        if not draft.vault.seen and draft.cluster and draft.cluster.encryption.kms_enabled:
            now = draft.cluster.identities[:1]
            kept = next((row.id for row in rows if now and same(row.id, now[0])), NEW)
        choice = self.query_one("#identity", Choice)
        choice.offer([A_NEW_IDENTITY, *offers], kept)
        self._identities_left_out = _both("", problems)
        self._reading.pop("identity")
        self._show()

    async def _read_keys(self, vault: VaultRow) -> None:
        choice = self.query_one("#key", Choice)
        try:
            rows = await keys(self.session.azure, vault.id)
        except AzureError as error:
            rows, trouble = [], f"! {error.problem.summary} A new one can still be made."
        else:
            trouble = ""
        if vault.id != self._keys_of:
            return
        self._reading.pop("key", None)
        self._taken["key"] = [row.name for row in rows]
        usable, left_out = vault_offers.usable_keys(vault.name, rows)
        self._keys = {row.name: row for row in usable}
        self._keys_left_out = trouble or left_out
        draft = self.session.draft
        kept = draft.vault.key if draft.vault.key_exists else NEW
        if not draft.vault.seen and draft.cluster:
            of_vault, _, name = draft.cluster.encryption.key_name.partition("/")
            kept = name if same(of_vault, vault.name) else NEW
        choice.offer(
            [A_NEW_KEY, *(vault_offers.offer_of_key(row) for row in usable)],
            kept if kept in self._keys else NEW,
        )
        if not draft.vault.seen:
            self._propose("key")
        self._show()
        if self._live.asking or self._found:
            self._ask()

    # -- what was chosen -----------------------------------------------------------------------------------------

    def _value(self, name: str) -> str:
        return self.query_one(f"#{name}", Field).value

    def _choice(self, name: str) -> str:
        return self.query_one(f"#{name}", Choice).value

    def _chosen(self) -> tuple[VaultRow | None, KeyRow | None, IdentityRow | None]:
        """What exists and was chosen of vault, key and identity."""
        vault = self._vaults.get(self._choice("vault"))
        key = self._keys.get(self._choice("key")) if vault and vault.id == self._keys_of else None
        return vault, key, self._identities.get(self._choice("identity"))

    def _form(self) -> VaultForm:
        """What stands on the screen."""
        typed = {str(field.id): field.value for field in self.query(Field)}
        typed |= {str(choice.id): choice.value for choice in self.query(Choice)}
        offered = {*self._vaults, *self._identities}
        return form_of(self.session.draft, typed, *self._chosen(), loading=self._reading, offered=offered)

    def _is_beside(self, row: VaultRow | IdentityRow) -> bool:
        """Whether it is where a new one goes, unless another group is typed."""
        draft = self.session.draft
        own = draft.subscription.id if draft.subscription else ""
        return same(row.subscription, own) and same(row.resource_group, draft.resource_group)

    def _propose(self, group: str) -> None:
        """A name for a new vault, key or identity that none has; what was typed stays."""
        plain = replace(self.session.draft, vault=VaultForm())
        proposed, longest = {
            "vault": (plain.vault_name, 24),
            "key": (plain.key_name, 127),
            "identity": (plain.identity_name, 128),
        }[group]
        field = self.query_one(f"#{group}-name", Field)
        if self._choice(group) == NEW and same(field.value, proposed):
            field.propose(naming.free_name(proposed, self._taken[group], longest))

    def _exists(self, group: str) -> bool:
        """Whether the name that is typed for a new one is that of one which the plan then takes."""
        name = self._value(f"{group}-name")
        if group == "vault":
            there = [row.name for row in self._vaults.values() if self._is_beside(row)]
        elif group == "key" and self._chosen()[0] is None:
            there = []
        else:
            there = self._taken[group]
        elsewhere = group != "key" and self._value(f"{group}-group")
        return not elsewhere and any(same(name, each) for each in there)

    @property
    def _too_early(self) -> bool:
        """Whether what the cluster uses now could not be chosen yet, so that going on would give it something new."""
        draft = self.session.draft
        encrypted = draft.cluster is not None and draft.cluster.encryption.kms_enabled
        return encrypted and not draft.vault.seen and bool(self._reading)

    def action_back(self) -> None:
        """Back, with what was typed kept."""
        self._live.forget()
        self.session.draft = replace(self.session.draft, vault=self._form())
        super().action_back()

    # -- the rules -----------------------------------------------------------------------------------------------

    @on(Field.Changed)
    def _typed(self, event: Field.Changed) -> None:
        self._live.forget()
        self._silence(str(event.field.id))
        self._show()

    @on(Choice.Changed)
    def _another(self, event: Choice.Changed) -> None:
        self._silence(str(event.choice.id))
        if event.choice.id in self._taken:
            self._propose(event.choice.id)
        self._show()
        self._ask()

    @on(Field.Left)
    def _left(self) -> None:
        if self.is_current:
            self._ask()

    def _silence(self, entry: str) -> None:
        """What was found of this entry and of those that go with it holds no more."""
        group = next((g for g, parts in PARTS.items() if entry == g or entry in parts), entry)
        gone = {group, *PARTS.get(group, ())}
        if entry == "vault":
            gone |= {"key", *PARTS["key"]}
            self._rotated = None
        if entry == "key":
            self._rotated = None
        self._found = {place: found for place, found in self._found.items() if place not in gone}

    def _ask(self) -> None:
        """Have the rules look at what stands on the screen, if it can stand at all."""
        waiting = any(field.problem for field in self.query(Field) if not field.disabled)
        try:
            answers = None if waiting else replace(self.session.draft, vault=self._form()).answers()
        except (AnswersError, ValueError):
            answers = None
        self._live.ask(answers)
        self._show()

    def _told(self, said: Seen | Problem) -> None:
        """The rules have spoken, or Azure could not be asked."""
        self._found, self._trouble = {}, said if isinstance(said, Problem) else None
        if isinstance(said, Seen):
            self._rotated = KeyState(said.key).rotates_every if said.key else None
            for finding in said.findings:
                self._place(finding)
        if self.is_mounted:
            self._show()

    def _place(self, finding: Finding) -> None:
        place = place_of(finding.code)
        if finding.level == "info" or (not place and finding.level != "error"):
            return  # the review says these
        if place == "rotate" and not self.query_one("#rotate").disabled:
            return  # the choice says so itself
        if place and self.query_one(f"#{place}").disabled:
            place = next(group for group, parts in PARTS.items() if place == group or place in parts)
        self._found.setdefault(place, []).append(finding)

    def _mistakes(self) -> list[str]:
        """The entries of this form in which the rules found an error."""
        return [place for place, found in self._found.items() if place and found[0].level == "error"]

    # -- drawing -------------------------------------------------------------------------------------------------

    def _show(self) -> None:
        """Bring the screen in line with what is chosen."""
        if not self.is_mounted:
            return
        vault = self._vaults.get(self._choice("vault"))
        if vault and vault.id != self._keys_of:
            self._keys_of, self._keys = vault.id, {}
            self._taken["key"] = []
            self._reading["key"] = "asking Azure for the vault's keys…"
            self.background(self._read_keys(vault), "listing the keys")
        vault, key, identity = self._chosen()
        for group, there in (("vault", vault), ("key", key), ("identity", identity)):
            for name in PARTS[group]:
                widget = self.query_one(f"#{name}")
                widget.display, widget.disabled = there is None, there is not None
        self.query_one("#key").disabled = vault is None
        self._explain(vault, key)
        for entry in self.query(Entry):
            entry.found(self._found.get(str(entry.id), ()))
        ahead = self._ahead()
        self.query_one("#ahead", Static).update(ahead)
        self.query_one("#ahead").display = bool(ahead.plain)
        waiting = [field for field in self.query(Field) if not field.disabled and field.problem]
        why = ", ".join(_CALLED.get(str(f.id), str(f.id).replace("-", " ")) for f in waiting)
        mistakes = self._mistakes()
        if waiting:
            self.query_one(ContinueButton).allow(f"Still to mend: {why}")
        elif self._too_early:
            self.query_one(ContinueButton).allow("Azure is still asked what there is")
        elif mistakes:
            names = ", ".join(_CALLED.get(m, f"the {m.replace('-', ' ')}") for m in mistakes)
            self.query_one(ContinueButton).allow(f"It would fail: see ✗ at {names}")
        else:
            self.query_one(ContinueButton).allow(None)

    def _explain(self, vault: VaultRow | None, key: KeyRow | None) -> None:
        draft = self.session.draft
        private = draft.option == "Private"
        hints = {
            "vault": vault_words.of_the_vault(vault, self._vaults_left_out),
            "purge": vault_words.of_purge_protection(on=self._choice("purge") == "on"),
            "key": "in the new vault; RSA, because it has to encrypt and decrypt",
            "rotate": vault_words.of_rotation(self._choice("rotate")),
            "through": vault_words.of_making(direct=self._choice("through") == "key-vault", private=private),
            "identity": "\n".join(
                filter(None, (vault_words.of_the_identity(vault), self._identities_left_out))
            ),
        } | self._reading
        if vault and "key" not in self._reading:
            hints["key"] = (
                f"rotated by the vault: {how_often(self._rotated)}"
                if key and self._rotated
                else self._keys_left_out
            )
        for name, hint in hints.items():
            self.query_one(f"#{name}", Choice).hint(hint)
        for group in self._taken:
            there = "exists already: it is used as it is" if self._exists(group) else ""
            self.query_one(f"#{group}-name", Field).hint(there)
        line = vault_words.drawing(
            draft.cluster_name,
            vault.name if vault else self._value("vault-name"),
            private=private,
            narrow=self.app.size.width < NARROW,
        )
        if vault and draft.cluster:
            change = vault_words.change_of_access(
                draft.cluster_name, draft.cluster.encryption, vault, private=private
            )
            line = Content.assemble(line, (f"\n{change}" if change else "", STYLES["warn"]))
        self.query_one("#drawing", Static).update(line)

    def _ahead(self) -> Content:
        """The line above Continue: that Azure is being asked, or what stands in the way and is no entry of this form."""
        if self._live.asking:
            return Content.assemble(("◐ ", STYLES["busy"]), ("asking Azure what it makes of this…", "$quiet"))
        if self._trouble:
            return Content.assemble(
                ("! ", STYLES["warn"]),
                (f"{sanitize(self._trouble.summary)} The review asks again.", "$quiet"),
            )
        if found := self._found.get(""):
            return findings_content(found)
        return Content("")

    # -- keys ----------------------------------------------------------------------------------------------------

    def action_checks(self) -> None:
        """What the rules found so far, to be read and copied."""
        found = [finding for some in self._found.values() for finding in some]
        text = "\n\n".join(finding_text(f) for f in found) or "Nothing was found so far."
        name = f"checks-{self.session.draft.cluster_name}.txt"
        self.app.push_screen(TextDialog("What the rules found", text, name, wrap=True))

    @on(ContinueButton.Pressed)
    def action_onward(self) -> None:
        """On to the review, if every field stands."""
        fields = [field for field in self.query(Field) if not field.disabled]
        for field in fields:
            field.speak()
        if wrong := next((field for field in fields if field.problem), None):
            wrong.edit()
            return
        if self._too_early:
            return
        if mistakes := self._mistakes():
            entry = self.query_one(f"#{mistakes[0]}")
            entry.query_one("Input, Select").focus(scroll_visible=False)
            self.call_after_refresh(self._bring, entry)
            return
        self._live.forget()
        self.session.complete("vault", vault=self._form())
        self.post_message(Completed("vault"))

    async def _bring(self, entry: Widget) -> None:
        """Scroll to an entry, and end a scroll that is under way to somewhere else."""
        for above in entry.ancestors:
            if isinstance(above, VerticalScroll):
                await above.stop_animation("scroll_y")
        entry.scroll_visible(animate=False, immediate=True)


def _both(left_out: str, problems: list[Problem]) -> str:
    """Why some are not offered, and where one could not look."""
    told = [f"! {problem.summary} A new one can still be made." for problem in problems[:1]]
    return "\n".join(filter(None, (left_out, *told)))
