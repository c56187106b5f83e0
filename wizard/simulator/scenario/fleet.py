"""The specification of a generated fleet: how many clusters, in how many subscriptions, and of which kinds."""

from typing import Annotated, Literal

from pydantic import Field, PositiveInt, StringConstraints

from wizard.simulator.scenario.base import FeatureName, FeatureState, Model, Version

FleetEncryption = Literal["none", "platform", "customer-private", "customer-public", "legacy"]

NamePart = Annotated[
    str, StringConstraints(pattern=r"^[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?$", max_length=20)
]
"""Part of the names of groups and clusters."""


class FleetSpec(Model):
    """Generated subscriptions, each with resource groups and clusters; the same seed gives the same fleet.

    The mappings contain weights: with `{none: 3, platform: 1}`, three of four clusters are not encrypted. Each generated
    subscription also has a group `rg-kms` with the vault, key and identity of its clusters with a customer-managed key.
    """

    seed: int = 1
    clusters: int = Field(100, ge=1, le=50_000)
    subscriptions: int = Field(1, ge=1, le=999)
    clusters_per_group: int = Field(5, ge=1, le=800)
    spare_vaults: int = Field(
        0,
        ge=0,
        le=10_000,
        description="Further vaults in the first generated subscription, each with an identity that has a role on it.",
    )
    teams: list[NamePart] = Field(
        ["checkout", "search", "billing", "identity", "catalog", "shipping"], min_length=1
    )
    environments: dict[NamePart, PositiveInt] = Field({"prod": 5, "stage": 2, "dev": 3}, min_length=1)
    locations: dict[str, PositiveInt] = Field({"westeurope": 1}, min_length=1)
    versions: dict[Version, PositiveInt] = Field({"1.34.2": 1}, min_length=1)
    encryption: dict[FleetEncryption, PositiveInt] = Field({"none": 1}, min_length=1)
    stopped_percent: int = Field(0, ge=0, le=100)
    failed_percent: int = Field(0, ge=0, le=100)
    features: dict[FeatureName, FeatureState] = Field(
        {}, description="The state of each preview feature, as in a subscription."
    )
