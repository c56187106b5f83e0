"""The entries of the vault's form: which there are, what each may hold, and the form that they come to."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace

from screens.pages import vault_words
from screens.session.draft import Draft, VaultForm, parse_tags
from screens.widgets.fields import Choice, Entry, Field
from wizard.answers import naming
from wizard.cloud.arm import same
from wizard.cloud.inventory import IdentityRow, KeyRow, VaultRow

NEW = ""
A_NEW_VAULT = ("a new key vault", NEW)
A_NEW_KEY = ("a new key", NEW)
A_NEW_IDENTITY = ("a new user-assigned identity", NEW)

PARTS = {
    "vault": ("vault-name", "vault-group", "purge"),
    "key": ("key-name", "key-type", "rotate", "through"),
    "identity": ("identity-name", "identity-group"),
}
"""What is asked of each only where it is a new one."""


def entries(draft: Draft) -> Iterator[Entry]:
    """Every entry, as the draft has it; what exists is offered once Azure has been asked."""
    form = draft.vault
    private = draft.option == "Private"
    yield Choice("Key vault", [A_NEW_VAULT], key="vault", hint="asking Azure for the vaults…")
    yield Field("  its name", key="vault-name", check=_named(naming.key_vault), value=draft.vault_name)
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
    yield Choice("Key", [A_NEW_KEY], key="key")
    yield Field("  its name", key="key-name", check=_named(naming.key), value=draft.key_name)
    yield Choice(
        "  type and size",
        vault_words.KEY_TYPES,
        key="key-type",
        value=f"{form.key_type}:{form.key_size}",
    )
    yield Choice("  rotated", vault_words.rotations(form.rotate_every), key="rotate", value=form.rotate_every)
    yield Choice(
        "  made through",
        vault_words.THROUGH[:: -1 if private else 1],
        key="through",
        value=form.create_through or ("resource-manager" if private else "key-vault"),
    )
    yield Choice("Identity", [A_NEW_IDENTITY], key="identity", hint="asking Azure…")
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


def form_of(
    draft: Draft,
    typed: Mapping[str, str],
    vault: VaultRow | None,
    key: KeyRow | None,
    identity: IdentityRow | None,
    asked: Collection[str] = (),
) -> VaultForm:
    """What stands on the screen, as a draft keeps it; a name that is only proposed stays a proposal.

    `typed` has the value of every entry; `vault`, `key` and `identity` are what exists and was chosen. `asked`: of which
    of the three Azure is still asked what there is; what the draft has of an existing one of these stays.
    """
    plain = replace(draft, vault=VaultForm())
    own = draft.subscription.id if draft.subscription else ""
    kind, _, size = typed["key-type"].partition(":")
    form = VaultForm(
        vault=vault.name if vault else _unless(typed["vault-name"], plain.vault_name),
        vault_group=_unless(vault.resource_group if vault else typed["vault-group"], draft.resource_group),
        vault_subscription=_elsewhere(vault, own),
        vault_id=vault.id if vault else "",
        purge_protection=vault.purge_protection if vault else typed["purge"] == "on",
        key=key.name if key else _unless(typed["key-name"], plain.key_name),
        key_exists=key is not None,
        key_type=_existing_type(key) if key else kind,
        key_size=_existing_size(key) if key else int(size),
        rotate_every=typed["rotate"],
        create_through=_unless(
            typed["through"], "resource-manager" if draft.option == "Private" else "key-vault"
        ),
        identity=identity.name if identity else _unless(typed["identity-name"], plain.identity_name),
        identity_group=_unless(
            identity.resource_group if identity else typed["identity-group"], draft.resource_group
        ),
        identity_subscription=_elsewhere(identity, own),
        identity_id=identity.id if identity else "",
        tags=typed["tags"],
        seen=True,
    )
    before = draft.vault
    if "vault" in asked and before.vault_id:
        form = replace(
            form,
            vault=before.vault,
            vault_group=before.vault_group,
            vault_subscription=before.vault_subscription,
            vault_id=before.vault_id,
            purge_protection=before.purge_protection,
        )
    if not {"vault", "key"}.isdisjoint(asked) and before.key_exists and same(before.vault_id, form.vault_id):
        form = replace(
            form,
            key=before.key,
            key_exists=True,
            key_type=before.key_type,
            key_size=before.key_size,
        )
    if "identity" in asked and before.identity_id:
        form = replace(
            form,
            identity=before.identity,
            identity_group=before.identity_group,
            identity_subscription=before.identity_subscription,
            identity_id=before.identity_id,
        )
    return form


def _unless(value: str, default: str) -> str:
    """The value, or nothing where it is just the default."""
    return "" if value == default else value


def _elsewhere(row: VaultRow | IdentityRow | None, own: str) -> str:
    """The subscription of what was chosen, where it is not the cluster's own."""
    return row.subscription if row is not None and not same(row.subscription, own) else ""


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
