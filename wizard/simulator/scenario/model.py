"""Worlds as data: what a scenario file may say, read strictly.

A scenario is YAML. `extends: NAME` starts from another world, built in or else a file beside this one, and lays this
file over it: mappings are merged key by key, `null` removes a key, anything else replaces. All durations are in
real-life seconds; the simulator's speed divides them.
"""

import difflib
import hashlib
import ipaddress
import json
import os
from copy import deepcopy
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StringConstraints, ValidationError, model_validator
from pydantic_core import ErrorDetails
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent

from wizard.simulator.protocol.errors import ScenarioError
from wizard.simulator.protocol.wire import Json
from wizard.simulator.scenario.access import DenyAssignmentSpec, PrincipalSpec, RoleSpec
from wizard.simulator.scenario.base import FeatureName, FeatureState, Guid, Model, Scope, Version
from wizard.simulator.scenario.cross_checks import check, nearest
from wizard.simulator.scenario.faults import FaultSpec
from wizard.simulator.scenario.fleet import FleetSpec
from wizard.simulator.scenario.limits import PolicySpec, QuotaSpec, ThrottlingSpec
from wizard.simulator.scenario.rules import Rules
from wizard.simulator.scenario.vaults import IdentitySpec, VaultSpec


class Tenant(Model):
    """The Entra tenant."""

    id: Guid
    name: str
    domain: str


class PoolSpec(Model):
    """An agent pool."""

    count: int = Field(3, ge=0, le=1000)
    vm_size: str = "Standard_D4ds_v5"
    mode: Literal["System", "User"] = "System"
    version: Version | Literal[""] = ""


class EncryptionSpec(Model):
    """How a cluster's secrets are encrypted.

    `key` is `VAULT/KEY`. `legacy` = the old KMS v2 experience, whose key id carries a version.
    """

    platform_managed: bool = False
    key: str = ""
    network: Literal["Public", "Private"] = "Public"
    legacy: bool = False


class SecretSpec(Model):
    """A Kubernetes secret; `data` is plain text."""

    type: str = "Opaque"
    data: dict[str, str] = Field({}, repr=False)
    labels: dict[str, str] = {}


class ClusterSpec(Model):
    """A managed cluster. `identity` is `system`, `service-principal`, or a user-assigned identity (name or full id).

    `secrets` maps NAMESPACE/NAME to the Kubernetes secrets inside; a few usual ones where it is not given.
    `body` is laid over the finished ARM body: for properties of which this file knows nothing.
    """

    version: Version = "1.34.2"
    location: str = ""
    identity: str = "system"
    pools: dict[str, PoolSpec] = {"nodepool1": PoolSpec()}
    encryption: EncryptionSpec = EncryptionSpec()
    power: Literal["Running", "Stopped"] = "Running"
    provisioning_state: Literal["Succeeded", "Failed", "Canceled"] = "Succeeded"
    tags: dict[str, str] = {}
    secrets: (
        dict[Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+/[a-z0-9.-]+$")], SecretSpec] | None
    ) = None
    body: dict[str, Any] = {}


class GroupSpec(Model):
    """A resource group and what is in it."""

    location: str
    tags: dict[str, str] = {}
    identities: dict[str, IdentitySpec] = {}
    vaults: dict[str, VaultSpec] = {}
    clusters: dict[str, ClusterSpec] = {}


class LockSpec(Model):
    """A management lock."""

    scope: Scope
    level: Literal["CanNotDelete", "ReadOnly"]
    notes: str = ""


class SubscriptionSpec(Model):
    """A subscription. `features` maps `NAMESPACE/FEATURE` to its state now; a feature not named does not exist."""

    name: str
    features: dict[FeatureName, FeatureState] = {}
    providers: dict[str, Literal["Registered", "NotRegistered"]] = {}
    groups: dict[str, GroupSpec] = {}
    locks: dict[str, LockSpec] = {}


Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Durations(Model):
    """How long Azure takes, in real-life seconds."""

    feature: Seconds = 360
    provider: Seconds = 20
    vault_dns: Seconds = 25
    role_propagation: Seconds = 120
    principal_replication: Seconds = 15
    cluster_create: Seconds = 360
    cluster_update: Seconds = 240
    cluster_delete: Seconds = 300
    group_delete: Seconds = Field(60, description="And the time of a cluster's, where it has any.")
    secret_migration: Seconds = Field(
        120, description="Until AKS has rewritten all secrets of a cluster with a new key."
    )
    key_rotation_detection: Seconds = Field(
        21600, description="Between two looks of AKS for a new version of a customer's key."
    )
    graph_lag: Seconds = Field(60, description="Until Resource Graph shows a change.")
    poll_interval: Seconds = 10
    token_lifetime: Seconds = Field(3599, description="Not divided by the speed: tokens live in real time.")


class KubernetesVersionSpec(Model):
    """One minor version offered by every region: its patch versions, newest last."""

    patches: list[Version] = Field(min_length=1)
    default: bool = False
    preview: bool = False
    lts_only: bool = False


def _an_address(text: str) -> str:
    return str(ipaddress.ip_address(text))


class Scenario(Model):
    """A whole world."""

    description: str
    extends: str = ""
    tenant: Tenant
    vault_suffix: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+(\.[a-z0-9-]+)*$")] = (
        "vault.local.test"
    )
    sign_in: str = Field(description="The application whose credentials the environment carries.")
    device_code: str = Field(description="The user who approves every device code.")
    managed_identity: str = Field(
        "", description="The managed identity behind IDENTITY_ENDPOINT; none where it is empty."
    )
    principals: dict[str, PrincipalSpec]
    custom_roles: dict[str, RoleSpec] = {}
    locations: dict[str, str]
    kubernetes_versions: dict[
        Annotated[str, StringConstraints(pattern=r"^\d+\.\d+$")], KubernetesVersionSpec
    ] = Field(description="By minor version; one of them is the default.")
    subscriptions: dict[Guid, SubscriptionSpec]
    durations: Durations = Durations()
    rules: Rules = Rules()
    faults: list[FaultSpec] = []
    fleet: FleetSpec | None = Field(None, description="Subscriptions full of clusters, generated.")
    throttling: ThrottlingSpec = ThrottlingSpec()
    quotas: QuotaSpec = QuotaSpec()
    policies: dict[str, PolicySpec] = {}
    deny_assignments: dict[str, DenyAssignmentSpec] = {}
    not_offered: dict[str, list[str]] = Field(
        {}, description="Resource types, and the regions in which they are not offered."
    )
    no_user_assigned_identity: list[str] = Field(
        [], description="Regions whose clusters cannot have a user-assigned identity."
    )
    management_groups: dict[str, list[Guid]] = Field(
        {}, description="Their subscriptions; the root group, of all, has the tenant's id."
    )
    page_size: int = Field(1000, ge=1, description="How many entries a page of a list has.")
    caller_address: Annotated[str, AfterValidator(_an_address)] = Field(
        "203.0.113.7", description="The address from which vaults see the clients come."
    )
    taken_vault_names: list[str] = Field([], description="Vault names that someone in another tenant holds.")

    @model_validator(mode="after")
    def _holds_together(self) -> "Scenario":
        check(self)
        return self


def _worlds() -> list[str]:
    return sorted(
        entry.name.removesuffix(".yaml")
        for entry in files("wizard.simulator.scenario").joinpath("built_in").iterdir()
        if entry.name.endswith(".yaml")
    )


def _built_in(name: str) -> Json:
    return deepcopy(_once(name))


@cache
def _once(name: str) -> Json:
    """A built-in world is read once in a process: it does not change, and reading it takes as long as many a whole run."""
    text = files("wizard.simulator.scenario").joinpath("built_in", f"{name}.yaml").read_text("utf-8")
    return _parse(text, f"The built-in scenario '{name}'", ours=True)


_MOST_ALIASES = 100
_YAML_SLIPS = (
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    AssertionError,
    OverflowError,
    NotImplementedError,
)
"""What the YAML library lets out, besides its own errors, for values and directives it cannot make sense of."""


def _few_aliases(text: str, origin: str) -> None:
    """Aliases of what holds aliases become more than any memory holds. Raises ScenarioError."""
    named: list[bool] = []
    """Of each collection around: whether an anchor names it, or one around it."""
    seen = 0
    for event in YAML(typ="safe", pure=True).parse(text):
        if isinstance(event, CollectionStartEvent):
            named.append(event.anchor is not None or (bool(named) and named[-1]))
        elif isinstance(event, CollectionEndEvent):
            named.pop()
        elif isinstance(event, AliasEvent):
            seen += 1
            if seen > _MOST_ALIASES or (named and named[-1]):
                line = event.start_mark.line + 1
                raise ScenarioError(
                    f"{origin}, line {line}: an alias (*) within what an anchor (&) names, or one of more than {_MOST_ALIASES}. "
                    "Write it out."
                )


def _parse(text: str, origin: str, *, ours: bool = False) -> Json:
    """The mapping in a text; one of `ours` is known to have few aliases. Raises ScenarioError."""
    try:
        if "*" in text and not ours:
            _few_aliases(text, origin)
        document = YAML(typ="safe", pure=True).load(text)
    except RecursionError:
        raise ScenarioError(f"{origin} is nested deeper than any world. Start it anew.") from None
    except (YAMLError, *_YAML_SLIPS) as problem:
        raise ScenarioError(f"{origin} is not YAML: {problem}. Mend the syntax there.") from problem
    if not isinstance(document, dict):
        raise ScenarioError(
            f"{origin} holds no mapping at its top. Start it with `description:` and `extends: contoso`."
        )
    return document


def merge(under: Json, over: Json) -> Json:
    """Lay one mapping over another, deeply; None removes."""
    merged = dict(under)
    for key, value in over.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict) and isinstance(merged.get(key), dict):
            merged[key] = merge(merged[key], value)
        else:
            merged[key] = value
    return merged


def _read(scenario: str | Path, seen: tuple[str, ...] = (), beside: Path | None = None) -> Json:
    """A scenario with what it extends; `seen` led to it, and `beside` is the folder of the file that extends it."""
    built_in, name = _worlds(), str(scenario)
    path = None if name in built_in else Path(os.path.normpath((beside or Path()) / scenario))
    name = name if path is None else str(path)
    if name in seen:
        raise ScenarioError(
            f"The scenario '{name}' extends itself ({' -> '.join((*seen, name))}). Remove one `extends`."
        )
    document = _built_in(name) if path is None else _from_file(path, built_in)
    base, folder = document.get("extends"), None if path is None else path.parent
    return merge(_read(str(base), (*seen, name), folder), document) if base else document


def _from_file(path: Path, built_in: list[str]) -> Json:
    try:
        if not path.is_file():
            raise ScenarioError(
                f"There is no scenario '{path}': neither a file nor a built-in world. {nearest(path.name, built_in, 'Built in')}"
            )
        return _parse(path.read_text("utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as problem:
        raise ScenarioError(
            f"The scenario file {path} cannot be read: {problem}. Give a readable UTF-8 file."
        ) from problem


def load_scenario(scenario: str | Path) -> Scenario:
    """The scenario of this name or file, with what it extends.

    Raises ScenarioError naming the file, the place in it and the remedy.
    """
    document = _read(scenario)
    try:
        return _with_fleet(Scenario.model_validate(document))
    except ValidationError as problem:
        first = problem.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "(top)"
        raise ScenarioError(
            f"The scenario '{scenario}' is invalid at {place}: {first['msg']}"
            f" ({problem.error_count()} problem(s) in all). {_remedy(first)}"
        ) from problem


def _remedy(mistake: ErrorDetails) -> str:
    """What to do about a mistake; for an unknown key, the nearest one that there is anywhere in a scenario."""
    if mistake["type"] == "extra_forbidden":
        schema = Scenario.model_json_schema()
        known = {name for part in (schema, *schema["$defs"].values()) for name in part.get("properties", ())}
        close = difflib.get_close_matches(str(mistake["loc"][-1]), sorted(known), n=1)
        if close:
            return f"Did you mean {close[0]}?"
    return "Correct that key; `aks-kms simulator --schema` has them all."


def _with_fleet(scenario: Scenario) -> Scenario:
    if scenario.fleet is None:
        return scenario
    from wizard.simulator.state.synthetic_fleet import subscriptions

    return scenario.model_copy(
        update={"subscriptions": {**scenario.subscriptions, **subscriptions(scenario.fleet)}}
    )


def digest_of(scenario: Scenario) -> str:
    """The same for scenarios that make the same world, whatever they are called; defaults count as left out."""
    world = scenario.model_dump(mode="json", exclude_defaults=True, exclude={"description", "extends"})
    return hashlib.sha256(json.dumps(world, sort_keys=True).encode()).hexdigest()


def scenarios() -> dict[str, str]:
    """The built-in worlds: name to description."""
    return {name: str(_built_in(name)["description"]) for name in _worlds()}


def scenario_schema() -> Json:
    """The JSON Schema of a scenario file: of one that `extends` another, so nothing but `description` is required, and null removes.

    Lists replace those of the other world: what is inside them has to be whole.
    """
    schema = Scenario.model_json_schema()
    definitions, merged = schema.pop("$defs"), set[str]()
    _find_merged(schema, definitions, merged)
    return _optional(schema) | {
        "$schema": "https://json-schema.org/draft/2020-12/schema", "title": "aks-kms scenario", "required": ["description"],
        "$defs": {name: _optional(part) if name in merged else part for name, part in definitions.items()},
    }  # fmt: skip


def _find_merged(part: object, definitions: Json, found: set[str]) -> None:
    """Add the definitions that are reached without going into a list."""
    if isinstance(part, list):
        for each in part:
            _find_merged(each, definitions, found)
    elif isinstance(part, dict):
        name = str(part.get("$ref", "")).rpartition("/")[2]
        if name and name not in found:
            found.add(name)
            _find_merged(definitions[name], definitions, found)
        for key, value in part.items():
            if key != "items":
                _find_merged(value, definitions, found)


def _optional(schema: Json) -> Json:
    """The same schema for something that is laid over something else."""
    given = {name: value for name, value in schema.items() if name not in {"required", "default"}}
    if "properties" in given:
        given["properties"] = {name: _or_null(part) for name, part in given["properties"].items()}
    if isinstance(given.get("additionalProperties"), dict):
        given["additionalProperties"] = _or_null(given["additionalProperties"])
    return given


def _or_null(schema: Json) -> Json:
    described = {"description": schema["description"]} if "description" in schema else {}
    plain = {name: value for name, value in _optional(schema).items() if name != "description"}
    return {"anyOf": [plain, {"type": "null"}], **described}
