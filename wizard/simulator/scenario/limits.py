"""Throttling, quotas and policies of a scenario."""

from typing import Any, Literal

from pydantic import Field, model_validator

from wizard.simulator.scenario.base import Guid, Model, Scope


class BucketSpec(Model):
    """A token bucket of `size` requests, to which `refill` requests are added every `seconds` (real-life seconds)."""

    size: int = Field(ge=1)
    refill: float = Field(1, gt=0)
    seconds: float = Field(1, gt=0)


class ThrottlingSpec(Model):
    """The limits of ARM, of AKS (AKS: quotas and limits), of each vault (Key Vault service limits) and of Resource Graph.

    At a higher speed, buckets refill faster. `auto` enforces the limits, except at infinite speed. With `always` at
    infinite speed, buckets refill as in real life.
    """

    enforced: Literal["auto", "always", "never"] = "auto"
    reads: BucketSpec = BucketSpec(size=250, refill=25)
    writes: BucketSpec = BucketSpec(size=200, refill=10)
    deletes: BucketSpec = BucketSpec(size=200, refill=10)
    put_cluster: BucketSpec = BucketSpec(size=20, refill=1, seconds=60)
    get_cluster: BucketSpec = BucketSpec(size=60)
    get_operation: BucketSpec = BucketSpec(size=200, refill=2)
    list_in_subscription: BucketSpec = BucketSpec(size=500)
    list_in_group: BucketSpec = BucketSpec(size=60)
    other_cluster_calls: BucketSpec = BucketSpec(size=60)
    vault_calls: BucketSpec = BucketSpec(size=4000, refill=4000, seconds=10)
    vault_key_creations: BucketSpec = BucketSpec(size=20, refill=20, seconds=10)
    graph_queries: int = Field(15, ge=1, description="Resource Graph queries in each window.")
    graph_window: float = Field(5, gt=0, description="The length of the window in real-life seconds.")


class QuotaSpec(Model):
    """How many managed clusters and vCPUs a subscription may have in each region.

    `in_region` overrides `clusters_per_region` for some regions. `vcpus` overrides `vcpus_per_region`: by region, then by
    quota, which is `cores` (all vCPUs) or a family such as `standardDDSv5Family`.
    """

    clusters_per_region: int = Field(100, ge=0)
    in_region: dict[str, int] = {}
    vcpus_per_region: int = Field(100_000, ge=0)
    vcpus: dict[str, dict[str, int]] = {}


class VmSizeSpec(Model):
    """A VM size: the regions that do not have it, and those in which the subscriptions may not use it (`restricted`).

    A size that is not built in also needs `vcpus`, `family` and `memory` in GB.
    """

    vcpus: int = Field(0, ge=0)
    family: str = ""
    memory: float = 0
    not_offered: list[str] = []
    restricted: list[str] = []

    @model_validator(mode="after")
    def _complete(self) -> "VmSizeSpec":
        if self.vcpus and not (self.family and self.memory):
            raise ValueError("a VM size with `vcpus` also needs `family` and `memory`")
        return self


class PolicySpec(Model):
    """A policy assignment: it applies to resources of a type whose `field` meets the condition.

    The effect `deny` refuses them. The effect `modify` sets the field to `value` in the request, which then succeeds.

    `field` is a path into the body (`location`, `tags.costcentre`, `properties.publicNetworkAccess`). A policy on
    `Microsoft.Compute/virtualMachineScaleSets` applies to the nodes of a cluster: AKS gives them the cluster's location and
    tags, and validates them with every update of the cluster. A policy on `Microsoft.KeyVault.Data/vaults/keys` applies to
    new keys; its fields are `keyType`, `keySize`, `curveName`, `attributes.expiresOn`, `attributes.enabled`.
    """

    scope: Scope
    type: str
    field: str
    equals: Any = None
    not_equals: Any = None
    any_of: list[Any] | None = None
    none_of: list[Any] | None = None
    less: int | None = None
    exists: bool | None = None
    effect: Literal["deny", "modify"] = "deny"
    value: Any = Field(None, description="What the effect `modify` sets the field to.")
    display_name: str = ""
    definition: Guid | Literal[""] = Field(
        "", description="The GUID of the definition if it is a built-in one."
    )

    @model_validator(mode="after")
    def _exactly_one(self) -> "PolicySpec":
        if len(self.conditions) != 1:
            raise ValueError(
                "give exactly one of `equals`, `not_equals`, `any_of`, `none_of`, `less`, `exists`"
            )
        if (self.effect == "modify") is (self.value is None):
            raise ValueError("the effect `modify` needs a `value`, and `deny` has none")
        return self

    @property
    def conditions(self) -> list[tuple[str, Any]]:
        """The condition: its operator in Azure Policy, and the value."""
        every = (
            ("equals", self.equals), ("notEquals", self.not_equals), ("in", self.any_of), ("notIn", self.none_of), ("less", self.less),
            ("exists", self.exists),
        )  # fmt: skip
        return [(operator, value) for operator, value in every if value is not None]
