"""Strict validation of request bodies: the fields of each resource type, and the error of its provider for any other field.

The tables are `fields/*.txt`. A line has a kind, and the names of the fields of that kind: `text`, `number`, `decimal`,
`flag` (true or false), `texts` (a list), `list` (of any values), `labels` (texts by name), `anything`, or `preview` (any
value, in preview api-versions only). A line of `object`, `objects` (a list) or `map` (objects by name) has one name, and
the fields of the object indented below it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

from wizard.simulator.protocol.wire import FlatRefusal, Json, Refusal
from wizard.simulator.state.cluster_body import ENCRYPTION_PROFILE, sees_encryption_profile

NESTED = ("object", "objects", "map")
_STRICT_SINCE = "2024-01-01"  # the first AKS api-version that refuses unknown fields (Azure/AKS#4060)
_GO = {
    "text": "string", "number": "int32", "decimal": "float64", "flag": "bool", "texts": "[]string", "labels": "map[string]string",
    "object": "struct", "objects": "[]struct", "map": "map[string]struct",
}  # fmt: skip
_NET = {
    "text": "System.String", "number": "System.Int32", "decimal": "System.Double", "flag": "System.Boolean",
}  # fmt: skip


@dataclass(slots=True)
class Field:
    """One field: its kind, and the fields inside if it contains objects."""

    kind: str
    inside: "dict[str, Field]" = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Problem:
    """An unknown field (`wanted` is None), or a value of the wrong type."""

    path: tuple[str, ...]
    value: object
    wanted: str | None

    @property
    def name(self) -> str:
        """The name of the field."""
        return self.path[-1]

    @property
    def given(self) -> str:
        """The JSON type of the value."""
        kinds: tuple[tuple[type, str], ...] = (
            (bool, "bool"), (int, "number"), (float, "number"), (str, "string"), (list, "array"), (dict, "object"),
        )  # fmt: skip
        return next(name for kind, name in kinds if isinstance(self.value, kind))


@cache
def fields_of(table: str) -> dict[str, Field]:
    """Return the fields of a table, by name."""
    text = files("wizard.simulator.state").joinpath("fields", f"{table}.txt").read_text("utf-8")
    levels: list[dict[str, Field]] = [{}]
    for line in text.splitlines():
        kind, *names = line.split()
        if kind == "#":
            continue
        depth = (len(line) - len(line.lstrip())) // 4
        del levels[depth + 1 :]
        levels[depth] |= {name: Field(kind) for name in names}
        if kind in NESTED:
            levels.append(levels[depth][names[0]].inside)
    return levels[0]


def _fits(kind: str, value: object) -> bool:
    match kind:
        case "text":
            return isinstance(value, str)
        case "number":
            return isinstance(value, int) and not isinstance(value, bool)
        case "decimal":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "flag":
            return isinstance(value, bool)
        case "texts":
            return isinstance(value, list) and all(isinstance(each, str) for each in value)
        case "list":
            return isinstance(value, list)
        case "labels":
            return isinstance(value, dict) and all(
                each is None or isinstance(each, str) for each in value.values()
            )
        case "object":
            return isinstance(value, dict)
        case "objects":
            return isinstance(value, list) and all(isinstance(each, dict) for each in value)
        case "map":
            return isinstance(value, dict) and all(
                each is None or isinstance(each, dict) for each in value.values()
            )
        case _:
            return True


def problems(
    known: dict[str, Field],
    body: Json,
    held: object = None,
    *,
    preview: bool = False,
    path: tuple[str, ...] = (),
) -> Iterator[Problem]:
    """Yield everything in a body that its table does not allow, outermost first.

    `held` is the current resource: an unknown field that it already has, of a newer api-version, may be sent back.
    """
    present = held if isinstance(held, dict) else {}
    for name, value in body.items():
        here, entry = (*path, name), known.get(name)
        if entry is None or (entry.kind == "preview" and not preview):
            if name not in present:
                yield Problem(here, value, None)
        elif value is None:
            continue
        elif not _fits(entry.kind, value):
            yield Problem(here, value, entry.kind)
        else:
            for place, part, counterpart in _parts(entry.kind, value, present.get(name)):
                yield from problems(entry.inside, part, counterpart, preview=preview, path=(*here, *place))


def _parts(kind: str, value: object, held: object) -> Iterator[tuple[tuple[str, ...], Json, object]]:
    """Yield the objects inside a value: the name (in a map), the object, and its counterpart in the current resource."""
    if kind == "object" and isinstance(value, dict):
        yield (), value, held
    elif kind == "map" and isinstance(value, dict):
        for name, part in value.items():
            if part is not None:
                yield (name,), part, held.get(name) if isinstance(held, dict) else None
    elif kind == "objects" and isinstance(value, list):
        named = (
            {each.get("name"): each for each in held if isinstance(each, dict)}
            if isinstance(held, list)
            else {}
        )
        for part in value:
            yield (), part, named.get(part.get("name"))


def check_cluster(body: Json, held: Json | None, api_version: str, table: str = "managed_cluster") -> None:
    """Raise AKS's 400 UnmarshalError for a body that is not valid.

    Texts: Azure/terraform-azurerm-avm-res-containerservice-managedcluster#152 and Azure/azure-cli#13050. Older
    api-versions drop unknown fields.
    """
    preview = api_version.endswith("-preview")
    for problem in list(problems(fields_of(table), body, held, preview=preview)):
        if problem.wanted is not None:
            place = f"{'Properties' if len(problem.path) > 1 else 'ManagedCluster'}.{'.'.join(problem.path)}"
            raise _unmarshal(
                f"json: cannot unmarshal {problem.given} into Go struct field {place} of type {_GO[problem.wanted]}."
            )
        if api_version >= _STRICT_SINCE:
            raise _unknown_field(problem.name)
        _drop(body, problem.path)
    security = body.get("properties", {}).get("securityProfile") or {}
    if security.get(ENCRYPTION_PROFILE) and not sees_encryption_profile(api_version):
        raise _unknown_field(ENCRYPTION_PROFILE)


def _unmarshal(what: str) -> Refusal:
    return FlatRefusal(400, "UnmarshalError", f"UnmarshalEntity encountered error: {what}")


def _unknown_field(name: str) -> Refusal:
    return _unmarshal(
        f'json: unknown field "{name}" Check that the field is in the right location, is spelled correctly, and is supported in the API version. '
        "Visit aka.ms/aks/apiversions for more API version information.."
    )


def _drop(value: object, path: tuple[str, ...]) -> None:
    """Remove a field; in a list on its path, from every object."""
    if isinstance(value, list):
        for each in value:
            _drop(each, path)
    elif isinstance(value, dict) and len(path) > 1:
        _drop(value.get(path[0]), path[1:])
    elif isinstance(value, dict):
        value.pop(path[0], None)


def check(table: str, body: Json, what: str, code: str = "InvalidRequestContent") -> None:
    """Raise the 400 of a provider that parses JSON as ARM does, for a body that is not valid; `what` is the parsed type."""
    for problem in problems(fields_of(table), body):
        place = ".".join(problem.path)
        if problem.wanted is None:
            why = f"Could not find member '{problem.name}' on object of type '{what}'. Path '{place}'."
        elif problem.wanted in _NET and problem.given not in {"array", "object"}:
            shown = str(problem.value).lower() if isinstance(problem.value, bool) else problem.value
            why = f"Error converting value \"{shown}\" to type '{_NET[problem.wanted]}'. Path '{place}'."
        else:
            why = f"Cannot deserialize the current JSON {problem.given} into the type of '{place}'. Path '{place}'."
        raise Refusal(400, code, f"The request content was invalid and could not be deserialized: '{why}'.")


def check_role_assignment(body: Json) -> None:
    """Raise the 400 of the authorization provider, which names no field, for a body that is not valid."""
    for _ in problems(fields_of("role_assignment"), body):
        raise Refusal(400, "BadRequestFormat", "The request was incorrectly formatted.")


def check_key_request(table: str, body: Json) -> None:
    """Raise the 400 of Key Vault's data plane for a body that is not valid. Texts UNCONFIRMED."""
    for problem in problems(fields_of(table), body):
        place = ".".join(problem.path)
        if problem.wanted is None:
            raise Refusal(400, "BadParameter", f"The request has the unknown property '{place}'.")
        raise Refusal(400, "BadParameter", f"Property {place} has invalid value\r\n")
