"""The answers as Azure identifies them: the ids of all resources of the procedure."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from wizard.cloud.arm import KEY_VAULT, MANAGED_CLUSTER, USER_ASSIGNED_IDENTITY, GroupId, ResourceId
from wizard.system.sanitize import sanitize, shell_word

if TYPE_CHECKING:
    from wizard.answers.model import Answers, CustomerManaged


@dataclass(frozen=True)
class Target:
    """The answers, applied to one cloud."""

    answers: "Answers"
    vault_suffix: str
    """`.vault.azure.net` in Azure itself."""

    @property
    def cluster_id(self) -> str:
        """The managed cluster's resource id."""
        return _id(self.answers.group, MANAGED_CLUSTER, self.answers.cluster.name)

    @property
    def own(self) -> "CustomerManaged":
        """Vault, key and identity. Raise ValueError with platform-managed keys, which have none."""
        if self.answers.customer_managed is None:
            raise ValueError("platform-managed keys have no vault, key or identity of the customer's")
        return self.answers.customer_managed

    @property
    def vault_id(self) -> str:
        """The key vault's resource id."""
        return _id(self.answers.vault_group, KEY_VAULT, self.own.vault.name)

    @property
    def identity_id(self) -> str:
        """The user-assigned identity's resource id."""
        return _id(self.answers.identity_group, USER_ASSIGNED_IDENTITY, self.own.identity.name)

    @property
    def resources(self) -> list[str]:
        """The ids of the cluster, and of its own vault and identity if it gets them."""
        return [
            self.cluster_id,
            *([self.vault_id, self.identity_id] if self.answers.customer_managed else []),
        ]

    @property
    def vault_uri(self) -> str:
        """The vault's address, without a trailing slash."""
        return f"https://{self.own.vault.name.lower()}{self.vault_suffix}"

    @property
    def key_id(self) -> str:
        """The key identifier for AKS: always versionless, so that AKS follows rotations (the how-to)."""
        return f"{self.vault_uri}/keys/{self.own.key.name}"

    @property
    def cluster_args(self) -> str:
        """The options that name the cluster in an Azure CLI command."""
        answers = self.answers
        return _args(answers.cluster.name, answers.group)

    @property
    def vault_args(self) -> str:
        """The options that name the key vault in an Azure CLI command."""
        return _args(self.own.vault.name, self.answers.vault_group)

    @property
    def key_args(self) -> str:
        """The options that name the key in an Azure CLI command."""
        own = self.own
        return f"--vault-name {own.vault.name} -n {own.key.name} --subscription {self.answers.vault_group.subscription}"

    @property
    def identity_args(self) -> str:
        """The options that name the user-assigned identity in an Azure CLI command."""
        return _args(self.own.identity.name, self.answers.identity_group)

    @property
    def groups(self) -> tuple[GroupId, ...]:
        """The distinct resource groups, the cluster's first."""
        unique: dict[str, GroupId] = {}
        for group in (self.answers.group, self.answers.vault_group, self.answers.identity_group):
            unique.setdefault(group.key, group)
        return tuple(unique.values())

    @property
    def subscriptions(self) -> tuple[str, ...]:
        """The ids of the distinct subscriptions, the cluster's first."""
        return tuple(dict.fromkeys(group.subscription.lower() for group in self.groups))


def cli_args(resource_id: str) -> str:
    """Return the options that name a resource in an Azure CLI command, from its id."""
    there = ResourceId.parse(resource_id)
    return _args(sanitize(there.name), GroupId(there.subscription, there.resource_group))


def _args(name: str, group: GroupId) -> str:
    return f"-n {name} -g {shell_word(group.name)} --subscription {group.subscription}"


def _id(group: GroupId, kind: str, name: str) -> str:
    return str(ResourceId(group.subscription, group.name, kind, name))
