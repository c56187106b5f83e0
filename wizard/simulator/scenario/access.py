"""Who can sign in or hold roles, and what deny assignments forbid them."""

from typing import Literal

from pydantic import Field, model_validator

from wizard.simulator.scenario.base import Guid, Model, Scope

EVERYONE = "everyone"


class PrincipalSpec(Model):
    """Someone who can sign in, or a group of such.

    `roles` maps a scope to the names of roles held there, built-in or of `custom_roles`; `eligible` to those that can only be activated
    (Privileged Identity Management), and count for nothing until then. `members` of a group are names of principals, of
    other groups too, or ids of user-assigned identities.
    """

    kind: Literal["application", "user", "managed-identity", "group"] = "application"
    object_id: Guid
    app_id: Guid | Literal[""] = ""
    upn: str = ""
    secret: str = Field(
        "", repr=False, description="Client secret or password; made up at each start where it is not given."
    )
    roles: dict[Scope, list[str]] = {}
    eligible: dict[Scope, list[str]] = {}
    members: list[str] = []

    @model_validator(mode="after")
    def _can_be_named(self) -> "PrincipalSpec":
        if self.kind == "user" and not self.upn:
            raise ValueError("a user needs an `upn`")
        if self.kind in {"application", "managed-identity"} and not self.app_id:
            raise ValueError("an application or managed identity needs an `app_id`")
        if self.kind != "group" and self.members:
            raise ValueError("only a group has `members`")
        return self


class RoleSpec(Model):
    """A custom role, which principals then hold by its name as they hold built-in ones."""

    actions: list[str] = []
    not_actions: list[str] = []
    data_actions: list[str] = []
    not_data_actions: list[str] = []


class DenyAssignmentSpec(Model):
    """A deny assignment: whatever roles they hold, these principals may not do this at the scope or below it.

    `principals` and `exclude` are names of principals (a group stands for its members) or ids of user-assigned
    identities; `everyone` among `principals` is everyone.
    """

    scope: Scope
    principals: list[str] = [EVERYONE]
    exclude: list[str] = []
    actions: list[str] = []
    not_actions: list[str] = []
    data_actions: list[str] = []
    not_data_actions: list[str] = []
    child_scopes: bool = Field(True, description="Whether it counts below its scope too.")
    system_protected: bool = True
    description: str = ""
