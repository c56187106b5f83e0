"""What infrastructure code leaves in a resource group, and the log settings of a resource."""

from typing import Literal

from pydantic import Field

from wizard.simulator.scenario.base import Model


class DeploymentSpec(Model):
    """An entry of a group's deployment history. `resources` are ids, or TYPE/NAME of resources in the group."""

    mode: Literal["Incremental", "Complete"] = "Incremental"
    resources: list[str] = []
    days_ago: float = Field(30, ge=0)


class StackSpec(Model):
    """A deployment stack of a group, or of a subscription, with ids as `resources`. `deny` is what it denies to others, `unmanage` what happens to resources that leave it."""

    resources: list[str] = []
    deny: Literal["none", "denyDelete", "denyWriteAndDelete"] = "none"
    unmanage: Literal["detach", "delete"] = "detach"


class DiagnosticSettingSpec(Model):
    """A diagnostic setting: where the logs of these categories, or groups of categories, are sent."""

    logs: list[str] = ["audit"]
    enabled: bool = True
    workspace: str = "audit"
