"""The vault, the key and the identity: new names proposed, existing ones offered, consequences drawn as one line."""

from collections.abc import Callable
from dataclasses import replace
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from screens.draft import VaultForm, parse_tags
from screens.fields import Choice, Field, Onward
from screens.frame import NARROW, Frame, Heading
from screens.words import STYLES
from wizard import naming
from wizard.cloud.arm import same, same_region
from wizard.cloud.inventory import IdentityRow, KeyRow, VaultRow, identities, keys, vaults
from wizard.cloud.problems import AzureError

NEW = ""

KEY_TYPES = [
    (f"{kind} {size}{note}", f"{kind}:{size}")
    for kind, note in (("RSA", ""), ("RSA-HSM", ", in a premium vault"))
    for size in (3072, 2048, 4096)
]


class VaultScreen(Frame):
    """The form for vault, key and identity."""

    STEP = "vault"
    HELP = """\
New names are proposed; change them as you like, or choose what exists already. A vault's name is unique in all of Azure.

Purge protection keeps a deleted vault or key restorable for 90 days, against everybody. It cannot be turned off again. \
Without it, whoever may purge the vault may destroy the cluster's secrets at once.

A key made through Azure Resource Manager needs no role on the vault's keys, and a private vault is closed from birth. \
Made through the vault itself, as the how-to writes it, you are first given the role Key Vault Crypto Officer, and a \
private vault stands open until the key is made.

The identity is how the cluster reaches the key. It gets Key Vault Crypto User and Key Vault Contributor on the vault.

enter   open a choice; next field; on Continue: go on
ctrl+n  go on from any field
esc     back; what you typed is kept"""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+n", "onward", "continue")]

    def __init__(self) -> None:
        super().__init__()
        self._vaults: dict[str, VaultRow] = {}
        self._keys: dict[str, KeyRow] = {}
        self._identities: dict[str, IdentityRow] = {}
        self._keys_of = ""

    def body(self) -> ComposeResult:
        draft = self.wizard.draft
        form = draft.vault
        private = draft.option == "Private"
        with VerticalScroll(can_focus=False):
            yield Heading(f"Vault, key and identity for {draft.cluster_name}")
            yield Static(id="drawing", classes="text")
            yield Choice(
                "Key vault", [("a new key vault", NEW)], key="vault", hint="asking Azure for the vaults…"
            )
            yield Field(
                "  its name", key="vault-name", check=_named(naming.key_vault), value=draft.vault_name
            )
            yield Field(
                "  resource group",
                key="vault-group",
                check=_optional(naming.resource_group),
                value=form.vault_group,
                placeholder=draft.resource_group,
            )
            yield Choice(
                "  purge protection",
                [("on, for good", "on"), ("off", "off")],
                key="purge",
                value="on" if form.purge_protection else "off",
            )
            yield Choice("Key", [("a new key", NEW)], key="key")
            yield Field("  its name", key="key-name", check=_named(naming.key), value=draft.key_name)
            yield Choice(
                "  type and size", KEY_TYPES, key="key-type", value=f"{form.key_type}:{form.key_size}"
            )
            yield Choice(
                "  made through",
                [
                    ("the vault's own address, as the how-to writes it", "key-vault"),
                    ("Azure Resource Manager", "resource-manager"),
                ][:: -1 if private else 1],
                key="through",
                value=form.create_through or ("resource-manager" if private else "key-vault"),
            )
            yield Choice(
                "Identity", [("a new user-assigned identity", NEW)], key="identity", hint="asking Azure…"
            )
            yield Field(
                "  its name",
                key="identity-name",
                check=_named(naming.user_assigned_identity),
                value=draft.identity_name,
            )
            yield Field(
                "  resource group",
                key="identity-group",
                check=_optional(naming.resource_group),
                value=form.identity_group,
                placeholder=draft.resource_group,
            )
            yield Field(
                "Tags",
                key="tags",
                check=_tags,
                value=form.tags,
                placeholder="none",
                hint="name=value, …: put on what is created",
            )
            yield Onward("Continue to the review")

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one("#vault-name", Field).edit()
        self._show()
        self.background(self._read_vaults(), "listing the key vaults")
        self.background(self._read_identities(), "listing the identities")

    def on_resize(self) -> None:
        super().on_resize()
        self._show()

    # -- reading -------------------------------------------------------------------------------------------------

    @property
    def _subscription(self) -> str:
        subscription = self.wizard.draft.subscription
        return subscription.id if subscription else ""

    def _nearest_first(self, row: VaultRow | IdentityRow) -> tuple[bool, bool]:
        """What is in the cluster's resource group comes first, then what is in its region."""
        draft = self.wizard.draft
        return not same(row.resource_group, draft.resource_group), not same_region(
            row.location, draft.location
        )

    async def _read_vaults(self) -> None:
        choice = self.query_one("#vault", Choice)
        try:
            rows = await vaults(self.wizard.azure, self._subscription)
        except AzureError as error:
            choice.hint(f"! {error.problem.summary} A new one can still be made.")
            return
        usable = sorted((row for row in rows if row.why_not is None), key=self._nearest_first)
        self._vaults = {row.id: row for row in usable}
        options = [(f"{row.name} · {row.resource_group} · {row.location}", row.id) for row in usable]
        kept = self.wizard.draft.vault.vault_id
        choice.offer([("a new key vault", NEW), *options], kept if kept in self._vaults else NEW)
        self._show()

    async def _read_identities(self) -> None:
        choice = self.query_one("#identity", Choice)
        try:
            rows = await identities(self.wizard.azure, self._subscription)
        except AzureError as error:
            choice.hint(f"! {error.problem.summary} A new one can still be made.")
            return
        rows = sorted(rows, key=self._nearest_first)
        self._identities = {row.id: row for row in rows}
        options = [(f"{row.name} · {row.resource_group} · {row.location}", row.id) for row in rows]
        kept = self.wizard.draft.vault.identity_id
        choice.offer(
            [("a new user-assigned identity", NEW), *options], kept if kept in self._identities else NEW
        )
        self._show()

    async def _read_keys(self, vault_id: str) -> None:
        choice = self.query_one("#key", Choice)
        choice.hint("asking Azure for the vault's keys…")
        try:
            rows = await keys(self.wizard.azure, vault_id)
        except AzureError as error:
            choice.hint(f"! {error.problem.summary} A new one can still be made.")
            return
        if vault_id != self._keys_of:
            return
        usable = [row for row in rows if row.why_not is None]
        self._keys = {row.name: row for row in usable}
        options = [(f"{row.name} · {row.type} {row.size or ''}", row.name) for row in usable]
        form = self.wizard.draft.vault
        kept = form.key if form.key_exists else NEW
        choice.offer([("a new key", NEW), *options], kept if kept in self._keys else NEW)
        left_out = [f"{row.name}: {row.why_not}" for row in rows if row.why_not]
        choice.hint(f"not offered: {'; '.join(left_out)}" if left_out else "")

    # -- what was chosen -----------------------------------------------------------------------------------------

    def _value(self, name: str) -> str:
        return self.query_one(f"#{name}", Field).value

    def _choice(self, name: str) -> str:
        return self.query_one(f"#{name}", Choice).value

    def _form(self) -> VaultForm:
        """What stands on the screen; a name that is only proposed stays a proposal."""
        draft = self.wizard.draft
        plain = replace(draft, vault=VaultForm())
        vault, identity = (
            self._vaults.get(self._choice("vault")),
            self._identities.get(self._choice("identity")),
        )
        key = self._keys.get(self._choice("key")) if vault else None
        kind, _, size = self._choice("key-type").partition(":")
        typed = {name: self._value(name) for name in ("vault-name", "key-name", "identity-name")}
        return VaultForm(
            vault=vault.name if vault else _unless(typed["vault-name"], plain.vault_name),
            vault_group=_unless(
                vault.resource_group if vault else self._value("vault-group"), draft.resource_group
            ),
            vault_id=vault.id if vault else "",
            purge_protection=vault.purge_protection if vault else self._choice("purge") == "on",
            key=key.name if key else _unless(typed["key-name"], plain.key_name),
            key_exists=key is not None,
            key_type=_existing_type(key) if key else kind,
            key_size=_existing_size(key) if key else int(size),
            create_through=_unless(
                self._choice("through"), "resource-manager" if draft.option == "Private" else "key-vault"
            ),
            identity=identity.name if identity else _unless(typed["identity-name"], plain.identity_name),
            identity_group=_unless(
                identity.resource_group if identity else self._value("identity-group"), draft.resource_group
            ),
            identity_id=identity.id if identity else "",
            tags=self._value("tags"),
        )

    @on(Field.Changed)
    @on(Choice.Changed)
    def _changed(self) -> None:
        self._show()

    def action_back(self) -> None:
        """Back, with what was typed kept."""
        self._keep()
        super().action_back()

    def _keep(self) -> None:
        self.wizard.draft = replace(self.wizard.draft, vault=self._form())

    def _show(self) -> None:
        """Bring the screen in line with what is chosen."""
        if not self.is_mounted:
            return
        vault, identity = (
            self._vaults.get(self._choice("vault")),
            self._identities.get(self._choice("identity")),
        )
        if vault and vault.id != self._keys_of:
            self._keys_of = vault.id
            self.background(self._read_keys(vault.id), "listing the keys")
        key = self._keys.get(self._choice("key")) if vault else None
        for name, shown in (
            ("vault-name", not vault),
            ("vault-group", not vault),
            ("purge", not vault),
            ("key-name", not key),
            ("key-type", not key),
            ("through", not key),
            ("identity-name", not identity),
            ("identity-group", not identity),
        ):
            widget = self.query_one(f"#{name}")
            widget.display = shown
            widget.disabled = not shown
        self.query_one("#key").disabled = vault is None
        if vault is None:
            self.query_one("#key", Choice).hint(
                "in the new vault; RSA, because it has to encrypt and decrypt"
            )
        self._explain(vault)
        self.query_one("#drawing", Static).update(
            self._drawing(vault.name if vault else self._value("vault-name"))
        )
        waiting = [field for field in self.query(Field) if not field.disabled and field.problem]
        names = {
            "vault-name": "the vault's name",
            "key-name": "the key's name",
            "identity-name": "the identity's name",
        }
        why = ", ".join(names.get(str(field.id), str(field.id).replace("-", " ")) for field in waiting)
        self.query_one(Onward).allow(f"Still to mend: {why}" if waiting else None)

    def _explain(self, vault: VaultRow | None) -> None:
        private = self.wizard.draft.option == "Private"
        if vault:
            facts = ["its firewall denies the internet" if vault.firewall_denies else "open to every network"]
            facts.append("purge protection on" if vault.purge_protection else "no purge protection")
            self.query_one("#vault", Choice).hint(" · ".join(facts))
        else:
            self.query_one("#vault", Choice).hint("its name must be free in all of Azure")
        self.query_one("#purge", Choice).hint(
            "cannot be turned off again; what is deleted can be restored for 90 days"
            if self._choice("purge") == "on"
            else "! whoever may purge the vault can destroy the cluster's secrets at once"
        )
        direct = self._choice("through") == "key-vault"
        if private:
            through = (
                "you become Key Vault Crypto Officer; the vault is open until the key is made"
                if direct
                else "the vault is closed from birth; you need no role on its keys"
            )
        else:
            through = (
                "you become Key Vault Crypto Officer of the vault"
                if direct
                else "you need no role on the vault's keys"
            )
        self.query_one("#through", Choice).hint(through)
        self.query_one("#identity", Choice).hint(
            "gets Key Vault Crypto User and Key Vault Contributor on the vault"
        )

    def _drawing(self, vault: str) -> Content:
        """Who can reach the key, and how, as one line."""
        cluster = self.wizard.draft.cluster_name
        narrow = self.app.size.width < NARROW
        if self.wizard.draft.option == "Private":
            wire, wall, other = (
                ("──trusted──▶", "firewall: deny", "◀──✗──")
                if narrow
                else ("──trusted service──▶", "firewall: deny", "◀──✗── ")
            )
            return Content.assemble(
                (cluster, "bold"),
                (f" {wire} ", STYLES["good"]),
                (vault or "vault", "bold"),
                f" ({wall}) ",
                (other, STYLES["bad"]),
                " internet",
            )
        return Content.assemble(
            (cluster, "bold"),
            (" ──token──▶ ", STYLES["good"]),
            (vault or "vault", "bold"),
            " (open) ",
            ("◀──token──", STYLES["warn"]),
            " whoever has a role",
        )

    @on(Onward.Pressed)
    def action_onward(self) -> None:
        """On to the review, if every field stands."""
        fields = [field for field in self.query(Field) if not field.disabled]
        for field in fields:
            field.speak()
        if wrong := next((field for field in fields if field.problem), None):
            wrong.edit()
            return
        self.wizard.settle("vault", vault=self._form())
        self.wizard.after("vault")


def _unless(value: str, default: str) -> str:
    """The value, or nothing where it is just the default."""
    return "" if value == default else value


def _existing_type(key: KeyRow) -> str:
    return "RSA-HSM" if key.type == "RSA-HSM" else "RSA"


def _existing_size(key: KeyRow) -> int:
    return key.size if key.size in {2048, 3072, 4096} and key.size else 3072


def _named(rule: Callable[[str], str | None]) -> Callable[[str], str | None]:
    return lambda value: rule(value) if value else "Give it a name."


def _optional(rule: Callable[[str], str | None]) -> Callable[[str], str | None]:
    return lambda value: rule(value) if value else None


def _tags(value: str) -> str | None:
    try:
        parse_tags(value)
    except ValueError as error:
        return str(error)
    return None
