"""The operator's configuration as strict models: read from YAML, written to YAML, described by a JSON Schema.

An answers file contains no secrets. An unknown key is rejected by name, with the closest valid one.
"""

import codecs
import difflib
import io
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Literal, Self, cast

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from wizard.answers import naming
from wizard.cloud.arm import GroupId
from wizard.errors import AnswersError, Mistake, YamlAliasError
from wizard.system import yaml_loader
from wizard.system.sanitize import one_line

KeyOption = Literal["platform-managed", "customer-managed"]
NetworkAccess = Literal["Private", "Public"]
CreateThrough = Literal["resource-manager", "key-vault"]


def _named_by(rule: Callable[[str], str | None]) -> AfterValidator:
    def check(value: str) -> str:
        if why_not := rule(value):
            raise PydanticCustomError("name", "{why}", {"why": why_not})
        return value

    return AfterValidator(check)


SubscriptionId = Annotated[str, _named_by(naming.subscription)]
Location = Annotated[str, _named_by(naming.location)]
TagName = Annotated[str, _named_by(naming.tag_name)]
TagValue = Annotated[str, _named_by(naming.tag_value)]
ResourceGroupName = Annotated[str, _named_by(naming.resource_group)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class NewCluster(_Strict):
    """A managed cluster to create with encryption enabled."""

    kubernetes_version: Annotated[str, _named_by(naming.kubernetes_version)] | None = Field(
        None,
        description="1.33 or later. Default: the newest version in the region that is neither a preview nor LTS-only.",
    )
    node_count: int = Field(3, ge=1, le=1000, description="Nodes in the first node pool.")
    node_vm_size: Annotated[str, _named_by(naming.vm_size)] | None = Field(
        None, description="VM size of the nodes. Default: chosen by AKS."
    )


class Cluster(_Strict):
    """The managed cluster whose secrets are encrypted."""

    name: Annotated[str, _named_by(naming.managed_cluster)]
    create: Literal[False] | NewCluster = Field(
        False, description="false for an existing cluster, or a mapping for a new one."
    )

    @field_validator("create", mode="before")
    @classmethod
    def _true_means_defaults(cls, value: object) -> object:
        return {} if value is True else value


class Vault(_Strict):
    """The key vault that contains the key."""

    name: Annotated[str, _named_by(naming.key_vault)]
    network_access: NetworkAccess = Field(
        description="Private: only trusted Azure services can reach the vault. Public: reachable from any network with a token."
    )
    resource_group: ResourceGroupName | None = Field(
        None, description="Default: the cluster's resource group."
    )
    subscription: SubscriptionId | None = Field(
        None, description="Default: the cluster's subscription. Must be in the same tenant."
    )
    purge_protection: bool = Field(True, description="Cannot be disabled later. Applies only to a new vault.")


class Key(_Strict):
    """The key in the vault."""

    name: Annotated[str, _named_by(naming.key)]
    type: Literal["RSA", "RSA-HSM"] = Field("RSA", description="RSA-HSM requires a premium vault.")
    size: Literal[2048, 3072, 4096] = Field(3072, description="Bits.")
    rotate_every: Annotated[str, _named_by(naming.rotation_interval)] | None = Field(
        None,
        description="How often Key Vault creates a new version of a new key, as an ISO 8601 duration of at "
        "least seven days (P90D, P1Y). Default: the key is rotated manually. AKS follows within 6 hours.",
    )
    create_through: CreateThrough | None = Field(
        None,
        description="resource-manager: needs no data-plane role, and the vault can be private when created; default for a "
        "Private vault. key-vault: as in the how-to; default for a Public one.",
    )


class Identity(_Strict):
    """The user-assigned identity that the cluster uses to access the key."""

    name: Annotated[str, _named_by(naming.user_assigned_identity)]
    resource_group: ResourceGroupName | None = Field(
        None, description="Default: the cluster's resource group."
    )
    subscription: SubscriptionId | None = Field(
        None, description="Default: the cluster's subscription. Must be in the same tenant."
    )


class Answers(_Strict):
    """All settings of the procedure. Contains no secrets."""

    version: Literal[1] = 1
    subscription: SubscriptionId
    location: Location
    resource_group: ResourceGroupName
    cluster: Cluster
    key_option: KeyOption
    vault: Vault | None = None
    key: Key | None = None
    identity: Identity | None = None
    tags: dict[TagName, TagValue] = Field(
        default_factory=dict, max_length=50, description="Applied to the resources that are created."
    )

    @model_validator(mode="after")
    def _key_option_and_its_parts_agree(self) -> Self:
        parts = {"vault": self.vault, "key": self.key, "identity": self.identity}
        if self.key_option == "platform-managed":
            for name, part in parts.items():
                if part is not None:
                    raise PydanticCustomError(
                        "part",
                        "{part} is not allowed with key_option: platform-managed, because AKS manages the key. "
                        "Remove it, or set key_option: customer-managed.",
                        {"part": name},
                    )
        else:
            for name, part in parts.items():
                if part is None:
                    raise PydanticCustomError(
                        "part",
                        "{part} is missing; key_option: customer-managed requires vault, key and identity.",
                        {"part": name},
                    )
        return self

    @property
    def customer_managed(self) -> "CustomerManaged | None":
        """Vault, key and identity of a customer-managed key; None for a platform-managed key."""
        if self.vault and self.key and self.identity:
            return CustomerManaged(self.vault, self.key, self.identity)
        return None

    @property
    def group(self) -> GroupId:
        """The resource group of the cluster."""
        return GroupId(self.subscription, self.resource_group)

    @property
    def vault_group(self) -> GroupId:
        """The resource group of the vault."""
        return self._group_of(self.vault)

    @property
    def identity_group(self) -> GroupId:
        """The resource group of the user-assigned identity."""
        return self._group_of(self.identity)

    def _group_of(self, part: Vault | Identity | None) -> GroupId:
        if part is None:
            return self.group
        return GroupId(part.subscription or self.subscription, part.resource_group or self.resource_group)

    def to_yaml(self) -> str:
        """Return an answers file that reads back as exactly these answers."""
        from ruamel.yaml import YAML  # imported only to read or write a file: it is slow to load

        out = io.StringIO()
        yaml = YAML(typ="safe", pure=True)
        yaml.default_flow_style = False
        yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
        yaml.dump(self.model_dump(exclude_none=True, exclude_defaults=False, mode="json"), out)
        return out.getvalue()


@dataclass(frozen=True)
class CustomerManaged:
    """What only a customer-managed key needs."""

    vault: Vault
    key: Key
    identity: Identity

    @property
    def create_through(self) -> CreateThrough:
        """The plane through which the key is created; the default depends on the vault."""
        if self.key.create_through:
            return self.key.create_through
        return "resource-manager" if self.vault.network_access == "Private" else "key-vault"


def parse(text: str, source: str = "answers") -> Answers:
    """Return the answers in a YAML text. Raise AnswersError with every mistake, its place and its fix."""
    from ruamel.yaml.error import MarkedYAMLError, YAMLError, YAMLWarning

    try:
        with warnings.catch_warnings(action="ignore", category=YAMLWarning):  # else they land on stderr
            data = yaml_loader.load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        what = one_line(str(error.problem or error.context or "it cannot be read"))
        raise AnswersError([Mistake(where, f"this is not YAML: {what}.", "Fix this line.")], source) from None
    except RecursionError:
        what = "this is nested too deeply."
        raise AnswersError([Mistake("", what, f"{_EXAMPLE} prints a valid one.")], source) from None
    except YamlAliasError as error:
        what = "YAML aliases (*) are not allowed."
        raise AnswersError([Mistake(f"line {error.line}", what, "Write the value out.")], source) from None
    except (YAMLError, *yaml_loader.SLIPS) as error:
        what = one_line(str(error)) or type(error).__name__
        raise AnswersError(
            [Mistake("", f"this is not YAML: {what}.", f"Fix it; {_EXAMPLE} prints a valid one.")], source
        ) from None
    if not isinstance(data, dict):
        what = "the file is empty." if data is None else f"the file is {_shown(data)}, not a mapping."
        raise AnswersError([Mistake("", what, f"Start from {_EXAMPLE}.")], source)
    return from_mapping(data, source, text)


def from_mapping(data: dict[Any, Any], source: str = "answers", text: str = "") -> Answers:
    """Return the answers in plain data. Raise AnswersError with every mistake, its place and its fix.

    `text` is the YAML that the data was read from, if any: messages show its scalars as they are written in it.
    """
    try:
        return Answers.model_validate(data)
    except ValidationError as error:
        raise AnswersError(_mistakes(error, text), source) from None


def load(path: Path) -> Answers:
    """Return the answers in a file. Raise AnswersError, also if the file cannot be read."""
    try:
        with path.open("rb") as file:
            return read(file, str(path))
    except OSError as error:
        what = f"the file cannot be read: {error.strerror}."
        raise AnswersError([Mistake("", what, "Give the path of an answers file.")], str(path)) from None


def read(file: BinaryIO, source: str) -> Answers:
    """Return the answers in an open file; no more than the largest valid size is read. Raise AnswersError or OSError."""
    return decode(file.read(_MOST + 1), source)


def decode(data: bytes, source: str = "answers") -> Answers:
    """Return the answers in a file's bytes. Raise AnswersError if they are invalid.

    They are UTF-8, with or without a byte order mark, or UTF-16 with one, as Windows PowerShell redirects output to a file.
    """
    if len(data) > _MOST:
        what = f"this is too large: an answers file has at most {_MOST // 1024} KiB."
        raise AnswersError([Mistake("", what, "Give the path of an answers file.")], source)
    try:
        encoding = "utf-16" if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
        return parse(data.decode(encoding), source)
    except UnicodeDecodeError:
        raise AnswersError([Mistake("", "this is not text in UTF-8.", "Save it as UTF-8.")], source) from None


_MOST = 256 * 1024


def schema() -> dict[str, Any]:
    """Return the JSON Schema of answers files."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Answers.model_json_schema()}


def _mistakes(error: ValidationError, text: str) -> list[Mistake]:
    """Return pydantic's errors in words that an operator can act on, one for each place."""
    found: dict[str, Mistake] = {}
    for item in error.errors(include_url=False):
        if _is_literal(item["loc"]) and isinstance(item["input"], dict):
            continue  # the mapping form of `create` was meant, and reports its own errors
        place = [str(part) for part in item["loc"] if not _is_union_tag(part)]
        where = one_line(".".join(place))
        found.setdefault(where, _mistake(where, place, item, text))
    return sorted(
        found.values(), key=lambda mistake: mistake.what != _UNKNOWN_KEY
    )  # one may be why another is missing


def _mistake(where: str, place: list[str], item: ErrorDetails, text: str) -> Mistake:
    given, context = item["input"], item.get("ctx", {})
    match item["type"]:
        case "extra_forbidden":
            return Mistake(where, _UNKNOWN_KEY, _nearest(place))
        case "missing":
            return Mistake(where, "this key is missing.", f"Add it; {_EXAMPLE} shows where.")
        case "name" | "part":
            return Mistake(where, item["msg"], "")
        case "invalid_key":
            return Mistake(where, "a key must be text.", "Put it in quotes, or remove it.")
        case "too_long":
            return Mistake(where, "there are too many entries.", f"Give at most {context['max_length']}.")
        case "string_type" if isinstance(given, int | float | date):
            written = _written(text, place) or _shown(given)
            return Mistake(where, f"this must be text, not {written}.", "Put the value in quotes.")
        case "greater_than_equal" | "less_than_equal":
            limit = f"at least {context['ge']}" if "ge" in context else f"at most {context['le']}"
            return Mistake(where, f"{_shown(given)} is out of range.", f"Give {limit}.")
        case "literal_error" if place == ["key_option"] and given in _OFF:
            what = f"{_shown(given)} is not possible: AKS cannot disable this encryption once it is enabled."
            return Mistake(
                where, what, f"Write {context['expected']}; a cluster can change from one to the other."
            )
        case "literal_error" if place[-1:] == ["create"]:
            return Mistake(where, f"{_shown(given)} is not valid here.", f"Write {_WANTED['create']}.")
        case "literal_error":
            return Mistake(where, f"{_shown(given)} is not valid here.", f"Write {context['expected']}.")
        case kind:
            wanted = _WANTED.get(kind.partition("_")[0], "another value")
            return Mistake(where, f"{_shown(given)} is not valid here.", f"Give {wanted}.")


_UNKNOWN_KEY = "unknown key."
_EXAMPLE = "`aks-kms answers example customer-managed-private`"

_OFF = ("none", "off", "disabled", "disable", False, None)
"""Values that ask for no encryption."""

_WANTED = {
    "create": "false, true or a mapping of kubernetes_version, node_count and node_vm_size",
    "string": "text",
    "int": "a whole number",
    "bool": "true or false",
    "model": "a mapping, indented under this key",
    "dict": "a mapping of names to values, indented under this key",
}
"""What to give instead, by the beginning of pydantic's name for the error."""


def _written(text: str, place: list[str]) -> str:
    """Return a scalar as it is written in the YAML text: `1.30`, which is read as the number 1.3; empty if not found."""
    if not text:
        return ""
    from ruamel.yaml import YAML

    node = YAML(typ="safe", pure=True).compose(text)
    for name in place:
        pairs = node.value if isinstance(getattr(node, "value", None), list) else ()
        node = next((pair[1] for pair in pairs if isinstance(pair, tuple) and pair[0].value == name), None)
    value = getattr(node, "value", None)
    return one_line(value)[:60] if isinstance(value, str) else ""


def _shown(value: object) -> str:
    """Return a value as messages show it: shortened, and without nested values."""
    match value:
        case dict():
            return "a mapping"
        case list() | tuple() | set():
            return "a list"
        case None:
            return "nothing"
        case bool():
            return str(value).lower()
        case str():
            return repr(value if len(value) <= 60 else f"{value[:59]}…")
        case int() if value.bit_length() > 200:  # Python refuses to format longer ones
            return "a very long number"
        case _:
            return one_line(str(value))[:60]


def _is_union_tag(part: int | str) -> bool:
    """Whether a place names a branch of a union, which is not written in the file."""
    return part in {"NewCluster", "[key]"} or _is_literal((part,))


def _is_literal(place: tuple[int | str, ...]) -> bool:
    return str(place[-1]).startswith("literal[") if place else False


def _nearest(place: list[str]) -> str:
    """Return the fix for an unknown key: the closest valid one, or all that are valid there."""
    model: type[BaseModel] = Answers
    for part in place[:-1]:
        inner = _models.get(part)
        if inner is None:
            return ""
        model = inner
    known = list(model.model_fields)
    close = difflib.get_close_matches(place[-1].lower().replace("-", "_"), known, n=1, cutoff=0.5)
    return f"Did you mean {close[0]}?" if close else f"Valid keys: {', '.join(known)}."


_models: dict[str, type[BaseModel]] = cast(
    "dict[str, type[BaseModel]]",
    {"cluster": Cluster, "create": NewCluster, "vault": Vault, "key": Key, "identity": Identity},
)
