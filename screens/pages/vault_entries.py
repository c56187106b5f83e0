"""The entries of the form for vault, key and identity: what each may hold, and the form that they make up."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace

from screens.pages import vault_text
from screens.session.draft import Draft, VaultForm
from screens.session.tags import parse_tags
from screens.widgets.fields import Choice, Entry, Field
from screens.widgets.picker import Load, PickChoice, PickField, Row
from wizard.answers import naming
from wizard.cloud.arm import same
from wizard.cloud.inventory import IdentityRow, KeyRow, VaultRow

LOADING = {
    "vault": "listing the key vaults…",
    "key": "listing the keys of the vault…",
    "identity": "listing the identities…",
}
"""The hints of choices whose existing resources are still being listed."""

NEW = ""
A_NEW_VAULT = Row(NEW, ("a new key vault",))
A_NEW_KEY = Row(NEW, ("a new key",))
A_NEW_IDENTITY = Row(NEW, ("a new user-assigned identity",))
PLACE = ("name", "resource group", "region", "subscription")
GROUP = ("resource group", "region")

PARTS = {
    "vault": ("vault-name", "vault-group", "purge"),
    "key": ("key-name", "key-type", "rotate", "through"),
    "identity": ("identity-name", "identity-group"),
}
"""The entries that are shown only for a new vault, key or identity."""


def entries(draft: Draft, groups: Load) -> Iterator[Entry]:
    """Yield every entry with its value from the draft. Existing resources are offered once they are listed.

    `groups`: reads the resource groups.
    """
    form = draft.vault
    private = draft.option == "Private"
    yield PickChoice("Key vault", [A_NEW_VAULT], key="vault", heads=PLACE, hint=LOADING["vault"])
    yield Field("  name", key="vault-name", check=_named(naming.key_vault), value=draft.vault_name)
    yield PickField(
        "  resource group",
        load=groups,
        heads=GROUP,
        key="vault-group",
        check=_optional(naming.resource_group),
        value=form.vault_group,
        placeholder=draft.resource_group,
        hint="where the vault is created",
    )
    yield Choice(
        "  purge protection",
        [("on, permanently", "on"), ("off", "off")],
        key="purge",
        value="on" if form.purge_protection else "off",
    )
    yield PickChoice("Key", [A_NEW_KEY], key="key", heads=("name", "type"))
    yield Field("  name", key="key-name", check=_named(naming.key), value=draft.key_name)
    yield Choice(
        "  type and size",
        vault_text.KEY_TYPES,
        key="key-type",
        value=f"{form.key_type}:{form.key_size}",
    )
    yield Choice("  rotated", vault_text.rotations(form.rotate_every), key="rotate", value=form.rotate_every)
    yield Choice(
        "  created through",
        vault_text.THROUGH[:: -1 if private else 1],
        key="through",
        value=form.create_through or ("resource-manager" if private else "key-vault"),
    )
    yield PickChoice("Identity", [A_NEW_IDENTITY], key="identity", heads=PLACE, hint=LOADING["identity"])
    yield Field(
        "  name",
        key="identity-name",
        check=_named(naming.user_assigned_identity),
        value=draft.identity_name,
    )
    yield PickField(
        "  resource group",
        load=groups,
        heads=GROUP,
        key="identity-group",
        check=_optional(naming.resource_group),
        value=form.identity_group,
        placeholder=draft.resource_group,
        hint="where the identity is created",
    )
    yield Field(
        "Tags",
        key="tags",
        check=_tags,
        value=form.tags,
        placeholder="none",
        hint="name=value, …: on the resources that are created",
    )


def form_of(
    draft: Draft,
    typed: Mapping[str, str],
    vault: VaultRow | None,
    key: KeyRow | None,
    identity: IdentityRow | None,
    *,
    loading: Collection[str] = (),
    offered: Collection[str] = (),
) -> VaultForm:
    """Return the form as it is on the screen. A name that is only proposed stays a proposal.

    `typed` has the value of every entry; `vault`, `key` and `identity` are existing resources that were selected.
    `loading`: those of the three whose existing resources are still being read; what the draft has selected of them stays.
    `offered`: the ids of all existing vaults and identities that can be selected.
    """
    plain, before = replace(draft, vault=VaultForm()), draft.vault
    own = draft.subscription.id if draft.subscription else ""
    group = draft.resource_group
    kind, _, size = typed["key-type"].partition(":")
    through = "resource-manager" if draft.option == "Private" else "key-vault"
    same_vault = (
        _is_unchanged(typed, "vault", draft.vault_name, before.vault_group or group)
        and before.vault_id not in offered
    )
    same_identity = (
        _is_unchanged(typed, "identity", draft.identity_name, before.identity_group or group)
        and before.identity_id not in offered
    )
    form = VaultForm(
        vault=vault.name if vault else _unless(typed["vault-name"], plain.vault_name),
        vault_group=_unless(
            vault.resource_group if vault else typed["vault-group"], group, before.vault_group
        ),
        vault_subscription=_subscription(vault, own, before.vault_subscription if same_vault else ""),
        vault_id=vault.id if vault else "",
        purge_protection=vault.purge_protection if vault else typed["purge"] == "on",
        key=key.name if key else _unless(typed["key-name"], plain.key_name),
        key_exists=key is not None,
        key_type=_existing_type(key) if key else kind,
        key_size=_existing_size(key) if key else int(size),
        rotate_every=typed["rotate"] if key is None or _is_resumed(before, key) else "",
        create_through=_unless(typed["through"], through, before.create_through),
        identity=identity.name if identity else _unless(typed["identity-name"], plain.identity_name),
        identity_group=_unless(
            identity.resource_group if identity else typed["identity-group"], group, before.identity_group
        ),
        identity_subscription=_subscription(
            identity, own, before.identity_subscription if same_identity else ""
        ),
        identity_id=identity.id if identity else "",
        tags=typed["tags"],
        seen=True,
    )
    if "vault" in loading and before.vault_id:
        form = replace(
            form,
            vault=before.vault,
            vault_group=before.vault_group,
            vault_subscription=before.vault_subscription,
            vault_id=before.vault_id,
            purge_protection=before.purge_protection,
        )
    if (
        not {"vault", "key"}.isdisjoint(loading)
        and before.key_exists
        and same(before.vault_id, form.vault_id)
    ):
        form = replace(
            form,
            key=before.key,
            key_exists=True,
            key_type=before.key_type,
            key_size=before.key_size,
        )
    if "identity" in loading and before.identity_id:
        form = replace(
            form,
            identity=before.identity,
            identity_group=before.identity_group,
            identity_subscription=before.identity_subscription,
            identity_id=before.identity_id,
        )
    return form


def _unless(value: str, default: str, before: str = "") -> str:
    """Return the value, or an empty text if it is just the default and was not given explicitly `before`."""
    return "" if value == default != before else value


def _is_unchanged(typed: Mapping[str, str], part: str, name: str, group: str) -> bool:
    """Whether name and resource group of a new vault or identity are those that the draft has."""
    return same(typed[f"{part}-name"], name) and same(typed[f"{part}-group"] or group, group)


def _is_resumed(before: VaultForm, key: KeyRow) -> bool:
    """Whether the answers of a resumed run name this key, so that its rotation stays as they have it."""
    return before.key_exists and same(before.key, key.name)


def _subscription(row: VaultRow | IdentityRow | None, own: str, before: str) -> str:
    """Return the subscription of a selected resource if it is not the cluster's own; `before` for a new one."""
    if row is None:
        return before
    return "" if same(row.subscription, own) else row.subscription


def _existing_type(key: KeyRow) -> str:
    return "RSA-HSM" if key.type == "RSA-HSM" else "RSA"


def _existing_size(key: KeyRow) -> int:
    return key.size if key.size in {2048, 3072, 4096} and key.size else 3072


def _named(rule: Callable[[str], str | None]) -> Callable[[str], str | None]:
    return lambda value: rule(value) if value else "Enter a name."


def _optional(rule: Callable[[str], str | None]) -> Callable[[str], str | None]:
    return lambda value: rule(value) if value else None


def _tags(value: str) -> str | None:
    try:
        parse_tags(value)
    except ValueError as error:
        return str(error)
    return None
