"""Principals, custom roles and deny assignments of a scenario."""

from typing import Literal

from pydantic import Field, model_validator

from wizard.simulator.scenario.base import Guid, Model, Scope

EVERYONE = "everyone"


class PrincipalSpec(Model):
    """A principal: an application, user or managed identity that can sign in, or a group.

    `roles` maps a scope to the names of the roles assigned there, built-in or from `custom_roles`. `eligible` does the same
    for eligible roles (Privileged Identity Management), which have no effect until they are activated. `members` of a
    group are names of principals, including groups, or ids of user-assigned identities.
    """

    kind: Literal["application", "user", "managed-identity", "group"] = "application"
    object_id: Guid
    app_id: Guid | Literal[""] = ""
    upn: str = ""
    secret: str = Field(
        "", repr=False, description="Client secret or password. Default: generated at each start."
    )
    roles: dict[Scope, list[str]] = {}
    eligible: dict[Scope, list[str]] = {}
    members: list[str] = []

    @model_validator(mode="after")
    def _has_required_ids(self) -> "PrincipalSpec":
        if self.kind == "user" and not self.upn:
            raise ValueError("a user needs an `upn`")
        if self.kind in {"application", "managed-identity"} and not self.app_id:
            raise ValueError("an application or managed identity needs an `app_id`")
        if self.kind != "group" and self.members:
            raise ValueError("only a group has `members`")
        return self


class RoleSpec(Model):
    """A custom role, which is assigned by its name like a built-in one."""

    actions: list[str] = []
    not_actions: list[str] = []
    data_actions: list[str] = []
    not_data_actions: list[str] = []


class DenyAssignmentSpec(Model):
    """A deny assignment: it denies these principals the actions at the scope and below, regardless of their roles.

    `principals` and `exclude` are names of principals (a group includes its members) or ids of user-assigned
    identities. `everyone` in `principals` means all principals.
    """

    scope: Scope
    principals: list[str] = [EVERYONE]
    exclude: list[str] = []
    actions: list[str] = []
    not_actions: list[str] = []
    data_actions: list[str] = []
    not_data_actions: list[str] = []
    child_scopes: bool = Field(True, description="Whether it also applies below its scope.")
    description: str = ""
