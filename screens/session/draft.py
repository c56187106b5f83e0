"""The answers so far: one immutable value, kept by the session and not by widgets."""

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from screens.session.tags import format_tags, parse_tags
from screens.wizard_steps import ORDER, STEPS
from wizard.cloud.arm import MANAGED_CLUSTER, ResourceId, same
from wizard.errors import AnswersError

if TYPE_CHECKING:
    from wizard.answers.model import Answers
    from wizard.cloud.azure import Subscription
    from wizard.cloud.inventory import ClusterRow

KeyChoice = Literal["platform-managed", "Private", "Public"]
"""The three key options: who manages the key and, for a customer-managed key, how its vault is reached."""


_OF_CLUSTER = {"subscription", "location", "resource_group", "cluster"}
"""The parts of an answers file that the step of the cluster asks for; all others belong to the vault's."""


@dataclass(frozen=True)
class NewClusterForm:
    """The form for a new cluster, as typed; its texts need not be valid."""

    name: str = ""
    resource_group: str = ""
    location: str = ""
    version: str = ""
    node_count: str = "3"
    node_vm_size: str = ""
    """Not in the form; kept from the answers of a resumed run."""


@dataclass(frozen=True)
class VaultForm:
    """The form for vault, key and identity, as typed. An empty name stands for the proposed one."""

    vault: str = ""
    vault_group: str = ""
    vault_subscription: str = ""
    """Set if the vault is in another subscription than the cluster."""
    vault_id: str = ""
    """The existing vault that was selected; empty for a new one."""
    purge_protection: bool = True
    key: str = ""
    key_exists: bool = False
    key_type: str = "RSA"
    key_size: int = 3072
    rotate_every: str = ""
    """An ISO 8601 duration; empty: manually."""
    create_through: str = ""
    identity: str = ""
    identity_group: str = ""
    identity_subscription: str = ""
    """Set if the identity is in another subscription than the cluster."""
    identity_id: str = ""
    """The existing identity that was selected; empty for a new one."""
    tags: str = ""
    seen: bool = False
    """Whether this form was shown before: then nothing is preselected any more."""


@dataclass(frozen=True)
class Draft:
    """All answers so far, which steps are completed, and which of them need another review after a change."""

    subscription: "Subscription | None" = None
    cluster: "ClusterRow | None" = None
    """The existing cluster that was selected; None for a new one."""
    new_cluster: NewClusterForm = field(default_factory=NewClusterForm)
    option: KeyChoice | None = None
    vault: VaultForm = field(default_factory=VaultForm)
    completed: frozenset[str] = frozenset()
    needs_review: frozenset[str] = frozenset()
    original: "tuple[Answers, Draft] | None" = None
    """The answers of a resumed run, with the draft made of them: they are used unchanged until the draft differs from it."""

    @classmethod
    def of(cls, answers: "Answers", subscription: "Subscription", cluster: "ClusterRow | None") -> "Draft":
        """Return the draft for these answers, completed up to the review. `cluster`: theirs, if it exists."""
        draft = cls(
            subscription=subscription,
            cluster=cluster,
            new_cluster=_new_cluster(answers),
            option=answers.vault.network_access if answers.vault else "platform-managed",
            vault=_vault_form(answers),
            completed=frozenset(ORDER[: ORDER.index("review")]),
        )
        return replace(draft, original=(answers, draft))

    def complete(self, step: str, **changes: Any) -> "Draft":
        """Return the draft with this step answered. If that changes an answer, the completed steps that depend on it need
        another review.
        """
        new = replace(self, **changes)
        due = self.needs_review
        if new != self:
            due |= self.completed & set(STEPS[step].feeds)
        return replace(new, completed=(self.completed | {step}) - (due - {step}), needs_review=due - {step})

    @property
    def reachable(self) -> tuple[str, ...]:
        """The steps that can be shown now: the completed ones from the start, and the first that is not."""
        found = []
        for step in ORDER:
            if step == "vault" and self.option == "platform-managed":
                continue
            found.append(step)
            if step not in self.completed:
                break
        return tuple(step for step in found if step not in {"run", "verify"})

    def after(self, step: str) -> str:
        """Return the step that follows `step`."""
        following = ORDER[ORDER.index(step) + 1]
        return (
            self.after("vault") if following == "vault" and self.option == "platform-managed" else following
        )

    @property
    def cluster_name(self) -> str:
        """The name of the cluster, existing or new."""
        return self.cluster.name if self.cluster else self.new_cluster.name

    @property
    def resource_group(self) -> str:
        """The resource group of the cluster."""
        return self.cluster.resource_group if self.cluster else self.new_cluster.resource_group

    @property
    def location(self) -> str:
        """The region of the cluster."""
        return self.cluster.location if self.cluster else self.new_cluster.location

    def is_about(self, cluster_id: str) -> bool:
        """Whether the selected cluster has this resource id."""
        own = self.subscription.id if self.subscription else ""
        chosen = ResourceId(own, self.resource_group, MANAGED_CLUSTER, self.cluster_name)
        return bool(self.cluster_name) and same(str(chosen), cluster_id)

    @property
    def vault_name(self) -> str:
        """The name of the vault: typed, selected or proposed."""
        from wizard.answers import naming

        return self.vault.vault or naming.proposed_key_vault(self.cluster_name or "cluster")

    @property
    def key_name(self) -> str:
        """The name of the key: typed, selected or proposed."""
        return self.vault.key or "aks-kms"

    @property
    def identity_name(self) -> str:
        """The name of the identity: typed, selected or proposed."""
        return self.vault.identity or f"id-{self.cluster_name}"

    def answers(self) -> "Answers":
        """Return the answers of this draft. Raise AnswersError that names what is missing or not valid."""
        from wizard.answers.model import from_mapping

        if self.original and self.chosen == self.original[1].chosen:
            return self.original[0]
        data: dict[str, Any] = {
            "version": 1,
            "subscription": self.subscription.id if self.subscription else "",
            "location": self.location,
            "resource_group": self.resource_group,
            "cluster": {"name": self.cluster_name, "create": self._create()},
            "key_option": "platform-managed" if self.option == "platform-managed" else "customer-managed",
        }
        if tags := parse_tags(self.vault.tags):
            data["tags"] = tags
        if self.option != "platform-managed":
            form = self.vault
            vault = {
                "name": self.vault_name,
                "network_access": self.option,
                "purge_protection": form.purge_protection,
            }
            key: dict[str, Any] = {
                "name": self.key_name,
                "type": form.key_type,
                "size": form.key_size,
            }
            identity = {"name": self.identity_name}
            if form.vault_group:
                vault["resource_group"] = form.vault_group
            if form.vault_subscription:
                vault["subscription"] = form.vault_subscription
            if form.create_through:
                key["create_through"] = form.create_through
            if form.rotate_every:
                key["rotate_every"] = form.rotate_every
            if form.identity_group:
                identity["resource_group"] = form.identity_group
            if form.identity_subscription:
                identity["subscription"] = form.identity_subscription
            data |= {"vault": vault, "key": key, "identity": identity}
        return from_mapping(data, "wizard")

    def answers_or_none(self) -> "Answers | None":
        """Return the answers of this draft, or None if something is missing or not valid."""
        try:
            return self.answers()
        except ValueError:  # an AnswersError, or tags that cannot be read
            return None

    @cached_property
    def mistaken(self) -> frozenset[str]:
        """The completed steps with an answer that is not valid."""
        if self.completed.isdisjoint({"cluster", "vault"}):  # pydantic is not imported before it is needed
            return frozenset()
        try:
            self.answers()
        except AnswersError as error:
            parts = {mistake.where.partition(".")[0] for mistake in error.mistakes}
            steps = {"cluster" if part in _OF_CLUSTER else "vault" for part in parts}
        except ValueError:  # the tags, which are typed as one text
            steps = {"vault"}
        else:
            return frozenset()
        return self.completed & steps

    @property
    def chosen(self) -> tuple[object, ...]:
        """Everything that the answers are made of."""
        return self.subscription, self.cluster, self.new_cluster, self.option, self.vault

    def _create(self) -> bool | dict[str, Any]:
        if self.cluster:
            return False
        wanted: dict[str, Any] = {"node_count": int(self.new_cluster.node_count or "3")}
        if self.new_cluster.version:
            wanted["kubernetes_version"] = self.new_cluster.version
        if self.new_cluster.node_vm_size:
            wanted["node_vm_size"] = self.new_cluster.node_vm_size
        return wanted


def _new_cluster(answers: "Answers") -> NewClusterForm:
    create = answers.cluster.create
    if not create:
        return NewClusterForm()
    return NewClusterForm(
        answers.cluster.name,
        answers.resource_group,
        answers.location,
        create.kubernetes_version or "",
        str(create.node_count),
        create.node_vm_size or "",
    )


def _vault_form(answers: "Answers") -> VaultForm:
    """Return the form for these answers. The ids are those that vault and identity have, or will have once created."""
    from wizard.state.target import Target

    tags = format_tags(answers.tags)
    own = answers.customer_managed
    if own is None:
        return VaultForm(tags=tags)
    target = Target(answers, "")
    return VaultForm(
        vault=own.vault.name,
        vault_group=own.vault.resource_group or "",
        vault_subscription=own.vault.subscription or "",
        vault_id=target.vault_id,
        purge_protection=own.vault.purge_protection,
        key=own.key.name,
        key_exists=True,
        key_type=own.key.type,
        key_size=own.key.size,
        rotate_every=own.key.rotate_every or "",
        create_through=own.key.create_through or "",
        identity=own.identity.name,
        identity_group=own.identity.resource_group or "",
        identity_subscription=own.identity.subscription or "",
        identity_id=target.identity_id,
        tags=tags,
        seen=True,
    )
