"""What the operator chose, as strict models: read from YAML, written to YAML, described by a JSON Schema.

An answers file never holds a secret, and a key it does not know is refused by name with the nearest right one.
"""

import difflib
import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Self, cast

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from wizard import naming

KeyOption = Literal["platform-managed", "customer-managed"]
NetworkAccess = Literal["Private", "Public"]
CreateThrough = Literal["resource-manager", "key-vault"]


@dataclass(frozen=True)
class Mistake:
    """One thing wrong with an answers file: where (`vault.name`), what, and how to mend it."""

    where: str
    what: str
    remedy: str

    def __str__(self) -> str:
        return " ".join(
            part for part in (f"{self.where}:" if self.where else "", self.what, self.remedy) if part
        )


class AnswersError(ValueError):
    """Answers that cannot be taken, with every mistake in them."""

    def __init__(self, mistakes: list[Mistake], source: str = "answers") -> None:
        self.mistakes = mistakes
        self.source = source
        super().__init__("\n".join(f"{source}: {mistake}" for mistake in mistakes))


def _named_by(rule: Callable[[str], str | None]) -> AfterValidator:
    def check(value: str) -> str:
        if why_not := rule(value):
            raise PydanticCustomError("name", "{why}", {"why": why_not})
        return value

    return AfterValidator(check)


SubscriptionId = Annotated[str, _named_by(naming.subscription)]
Location = Annotated[str, _named_by(naming.location)]
ResourceGroupName = Annotated[str, _named_by(naming.resource_group)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class NewCluster(_Strict):
    """A managed cluster that is to be created, already encrypted."""

    kubernetes_version: str | None = Field(
        None,
        pattern=r"^\d+\.\d+(\.\d+)?$",
        description="1.33 or later; without it, the newest version the region offers that is neither preview nor LTS-only.",
    )
    node_count: int = Field(3, ge=1, le=1000, description="Nodes in the first node pool.")
    node_vm_size: str | None = Field(None, description="VM size of the nodes; without it, AKS chooses.")


class Cluster(_Strict):
    """The managed cluster whose secrets are to be encrypted."""

    name: Annotated[str, _named_by(naming.managed_cluster)]
    create: Literal[False] | NewCluster = Field(
        False, description="false for an existing cluster, or a mapping for a new one."
    )

    @field_validator("create", mode="before")
    @classmethod
    def _true_means_defaults(cls, value: object) -> object:
        return {} if value is True else value


class Vault(_Strict):
    """The key vault that holds the key."""

    name: Annotated[str, _named_by(naming.key_vault)]
    network_access: NetworkAccess = Field(
        description="Private: only trusted Azure services reach the vault. Public: everyone does, with a token."
    )
    resource_group: ResourceGroupName | None = Field(
        None, description="Default: the cluster's resource group."
    )
    purge_protection: bool = Field(
        True, description="Cannot be turned off again. Only for a vault that is created."
    )


class Key(_Strict):
    """The key in the vault."""

    name: Annotated[str, _named_by(naming.key)]
    type: Literal["RSA", "RSA-HSM"] = Field("RSA", description="RSA-HSM asks for a premium vault.")
    size: Literal[2048, 3072, 4096] = Field(3072, description="Bits.")
    create_through: CreateThrough | None = Field(
        None,
        description="resource-manager: no data-plane role needed, the vault may be private from birth; default for a "
        "Private vault. key-vault: as the how-to writes it; default for a Public one.",
    )


class Identity(_Strict):
    """The user-assigned identity with which the cluster reaches the key."""

    name: Annotated[str, _named_by(naming.user_assigned_identity)]
    resource_group: ResourceGroupName | None = Field(
        None, description="Default: the cluster's resource group."
    )


class Answers(_Strict):
    """Everything the procedure needs to know, and no secret."""

    version: Literal[1] = 1
    subscription: SubscriptionId
    location: Location
    resource_group: ResourceGroupName
    cluster: Cluster
    key_option: KeyOption
    vault: Vault | None = None
    key: Key | None = None
    identity: Identity | None = None
    tags: dict[str, str] = Field(default_factory=dict, description="Put on the resources that are created.")

    @model_validator(mode="after")
    def _key_option_and_its_parts_agree(self) -> Self:
        parts = {"vault": self.vault, "key": self.key, "identity": self.identity}
        if self.key_option == "platform-managed":
            for name, part in parts.items():
                if part is not None:
                    raise PydanticCustomError(
                        "part",
                        "{part} must be absent with key_option: platform-managed; AKS owns the key. "
                        "Remove it, or choose key_option: customer-managed.",
                        {"part": name},
                    )
        else:
            for name, part in parts.items():
                if part is None:
                    raise PydanticCustomError(
                        "part",
                        "{part} is missing; key_option: customer-managed needs vault, key and identity.",
                        {"part": name},
                    )
        return self

    @property
    def customer_managed(self) -> "CustomerManaged | None":
        """Vault, key and identity together where the key is the customer's own, else None."""
        if self.vault and self.key and self.identity:
            return CustomerManaged(self.vault, self.key, self.identity)
        return None

    @property
    def vault_group(self) -> str:
        """The resource group of the vault."""
        return (self.vault and self.vault.resource_group) or self.resource_group

    @property
    def identity_group(self) -> str:
        """The resource group of the user-assigned identity."""
        return (self.identity and self.identity.resource_group) or self.resource_group

    def to_yaml(self) -> str:
        """The answers file that reads back as exactly these answers."""
        from ruamel.yaml import YAML  # only who reads or writes a file pays for it

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
        """The plane through which the key is made, with the default that suits the vault."""
        if self.key.create_through:
            return self.key.create_through
        return "resource-manager" if self.vault.network_access == "Private" else "key-vault"


def parse(text: str, source: str = "answers") -> Answers:
    """Read answers from YAML text. Raises AnswersError naming every mistake, its place and its remedy."""
    from ruamel.yaml import YAML  # only who reads or writes a file pays for it
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        data = YAML(typ="safe", pure=True).load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        what = (error.problem or error.context or "not YAML").splitlines()[0]
        raise AnswersError([Mistake(where, f"this is not YAML: {what}.", "Mend the line.")], source) from None
    except YAMLError as error:
        raise AnswersError([Mistake("", f"this is not YAML: {error}.", "Mend the file.")], source) from None
    if not isinstance(data, dict):
        raise AnswersError(
            [
                Mistake(
                    "",
                    "an answers file is a mapping of keys to values.",
                    "Start from `aks-kms answers example`.",
                )
            ],
            source,
        )
    return from_mapping(data, source)


def from_mapping(data: dict[Any, Any], source: str = "answers") -> Answers:
    """Answers from plain data. Raises AnswersError naming every mistake, its place and its remedy."""
    try:
        return Answers.model_validate(data)
    except ValidationError as error:
        raise AnswersError(_mistakes(error), source) from None


def load(path: Path) -> Answers:
    """Read an answers file. Raises AnswersError, also where the file cannot be read."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        what = f"cannot be read: {error.strerror}."
        raise AnswersError([Mistake("", what, "Give the path of an answers file.")], str(path)) from None
    except UnicodeDecodeError:
        raise AnswersError([Mistake("", "is not text in UTF-8.", "Save it as UTF-8.")], str(path)) from None
    return parse(text, str(path))


def schema() -> dict[str, Any]:
    """The JSON Schema of answers files."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Answers.model_json_schema()}


def _mistakes(error: ValidationError) -> list[Mistake]:
    """Pydantic's errors in words an operator can act on, one for each place."""
    found: dict[str, Mistake] = {}
    for item in error.errors(include_url=False):
        place = [str(part) for part in item["loc"] if not _is_union_tag(part)]
        where = ".".join(place)
        match item["type"]:
            case "extra_forbidden":
                mistake = Mistake(where, "is not a key that an answers file knows.", _nearest(place))
            case "missing":
                mistake = Mistake(where, "is missing.", "Add it; `aks-kms answers example` shows where.")
            case "name" | "part":
                mistake = Mistake(where, item["msg"], "")
            case "literal_error":
                given, wanted = item["input"], item["ctx"]["expected"]
                if place[-1:] == ["create"]:
                    wanted = "false, true or a mapping"
                mistake = Mistake(where, f"{given!r} is not possible here.", f"Write {wanted}.")
            case _:
                mistake = Mistake(where, f"{item['msg']}.", _given(item["input"]))
        found.setdefault(where, mistake)
    return list(found.values())


def _given(value: object) -> str:
    return "" if isinstance(value, dict | list) else f"Given: {value!r}."


def _is_union_tag(part: int | str) -> bool:
    """Whether a place names a branch of a union, which the file's author never wrote."""
    return isinstance(part, str) and (part == "NewCluster" or part.startswith("literal["))


def _nearest(place: list[str]) -> str:
    """The remedy for an unknown key: the nearest right one, or all that are known there."""
    model: type[BaseModel] = Answers
    for part in place[:-1]:
        inner = _models.get(part)
        if inner is None:
            return ""
        model = inner
    known = list(model.model_fields)
    close = difflib.get_close_matches(place[-1].lower().replace("-", "_"), known, n=1, cutoff=0.5)
    return f"Did you mean {close[0]}?" if close else f"Known here: {', '.join(known)}."


_models: dict[str, type[BaseModel]] = cast(
    "dict[str, type[BaseModel]]",
    {"cluster": Cluster, "create": NewCluster, "vault": Vault, "key": Key, "identity": Identity},
)
