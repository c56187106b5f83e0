"""Scenario files: find them, read them, apply them to the scenario that they extend, and validate the result."""

import difflib
import hashlib
import json
import os
from collections.abc import Collection, Mapping
from copy import deepcopy
from functools import cache
from importlib.resources import files
from pathlib import Path

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from ruamel.yaml.error import YAMLError

from wizard.errors import YamlAliasError
from wizard.simulator.protocol.errors import ScenarioError
from wizard.simulator.protocol.wire import Json, merge
from wizard.simulator.scenario.cross_checks import check, check_types
from wizard.simulator.scenario.model import Scenario
from wizard.system import yaml_loader

_BUILT_IN = files("wizard.simulator.scenario").joinpath("built_in")


def _names() -> list[str]:
    """Return the names of the built-in scenarios."""
    return sorted(
        entry.name.removesuffix(".yaml") for entry in _BUILT_IN.iterdir() if entry.name.endswith(".yaml")
    )


def _built_in(name: str) -> Json:
    return deepcopy(_parsed(name))


@cache
def _parsed(name: str) -> Json:
    """Return a built-in scenario. It is parsed once per process, because parsing takes as long as many a whole run."""
    text = _BUILT_IN.joinpath(f"{name}.yaml").read_text("utf-8")
    return _parse(text, f"The built-in scenario '{name}'")


def _parse(text: str, origin: str) -> Json:
    """Return the mapping in a YAML text. Raise ScenarioError for any other text."""
    try:
        document = yaml_loader.load(text)
    except RecursionError:
        raise ScenarioError(f"{origin} is nested too deeply. Reduce the nesting.") from None
    except YamlAliasError as problem:
        raise ScenarioError(
            f"{origin}, line {problem.line}: YAML aliases (*) are not allowed. Write the value out."
        ) from None
    except (YAMLError, *yaml_loader.SLIPS) as problem:
        raise ScenarioError(f"{origin} is not YAML: {problem}. Fix the syntax there.") from problem
    if not isinstance(document, dict):
        raise ScenarioError(
            f"{origin} has no mapping at its top level. Start it with `description:` and `extends: contoso`."
        )
    return document


def _read(scenario: str | Path, seen: tuple[str, ...] = (), beside: Path | None = None) -> Json:
    """Return a scenario together with what it extends.

    `seen` is the chain of scenarios that led to it, and `beside` the folder of the file that extends it.
    """
    built_in, name = _names(), str(scenario)
    path = None if name in built_in else Path(os.path.normpath((beside or Path()) / scenario))
    name = name if path is None else str(path)
    if name in seen:
        raise ScenarioError(
            f"The scenario '{name}' extends itself ({' -> '.join((*seen, name))}). Remove one `extends`."
        )
    document = _built_in(name) if path is None else _read_file(path, built_in)
    base, folder = document.get("extends"), None if path is None else path.parent
    return merge(_read(str(base), (*seen, name), folder), document) if base else document


def _suggestion(name: str, built_in: list[str]) -> str:
    """Return the nearest built-in scenario, or how to list them: they are too many for a message."""
    close = difflib.get_close_matches(name, built_in, n=1)
    return f"Did you mean {close[0]}?" if close else "`aks-kms simulator --list` shows the built-in ones."


def _read_file(path: Path, built_in: list[str]) -> Json:
    try:
        if not path.is_file():
            raise ScenarioError(
                f"There is no scenario '{path}': it is neither a file nor a built-in scenario. "
                f"{_suggestion(path.name, built_in)}"
            )
        return _parse(path.read_text("utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as problem:
        raise ScenarioError(
            f"The scenario file {path} cannot be read: {problem}. Use a readable UTF-8 file."
        ) from problem


def load_scenario(scenario: str | Path, types: Mapping[str, Collection[str]] | None = None) -> Scenario:
    """Return the scenario with this name or in this file, together with what it extends.

    `types` are the resource types that it may name, by namespace; without them these names are not checked. Raise ScenarioError, which names the scenario, the place in it and the fix.
    """
    document = _read(scenario)
    try:
        loaded = Scenario.model_validate(document)
        check(loaded)
        if types is not None:
            check_types(loaded, types)
    except ValidationError as problem:
        first = problem.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "(top)"
        raise ScenarioError(
            f"The scenario '{scenario}' is invalid at {place}: {first['msg']}"
            f" ({problem.error_count()} problem(s) in all). {_fix(first)}"
        ) from problem
    except ValueError as problem:
        raise ScenarioError(f"The scenario '{scenario}' is inconsistent: {problem}") from problem
    return _with_fleet(loaded)


def _fix(error: ErrorDetails) -> str:
    """Return how to fix an error; for an unknown key, suggest the closest key of a scenario file."""
    if error["type"] == "extra_forbidden":
        schema = Scenario.model_json_schema()
        known = {name for part in (schema, *schema["$defs"].values()) for name in part.get("properties", ())}
        close = difflib.get_close_matches(str(error["loc"][-1]), sorted(known), n=1)
        if close:
            return f"Did you mean {close[0]}?"
    return "Correct that key; `aks-kms simulator --schema` lists all keys."


def _with_fleet(scenario: Scenario) -> Scenario:
    if scenario.fleet is None:
        return scenario
    from wizard.simulator.state.synthetic_fleet import subscriptions

    return scenario.model_copy(
        update={"subscriptions": {**scenario.subscriptions, **subscriptions(scenario.fleet)}}
    )


def digest_of(scenario: Scenario) -> str:
    """Return a digest that is equal for equal scenarios, regardless of their names; default values count as left out."""
    content = scenario.model_dump(mode="json", exclude_defaults=True, exclude={"description", "extends"})
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def scenarios() -> dict[str, str]:
    """Return the description of each built-in scenario, by name."""
    return {name: str(_built_in(name)["description"]) for name in _names()}


def scenario_schema() -> Json:
    """Return the JSON Schema of a scenario file that `extends` another: only `description` is required, and null removes a key.

    Lists replace those of the extended scenario, so the items of a list are required to be complete.
    """
    schema = Scenario.model_json_schema()
    definitions, merged = schema.pop("$defs"), set[str]()
    _find_merged(schema, definitions, merged)
    return _optional(schema) | {
        "$schema": "https://json-schema.org/draft/2020-12/schema", "title": "aks-kms scenario", "required": ["description"],
        "$defs": {name: _optional(part) if name in merged else part for name, part in definitions.items()},
    }  # fmt: skip


def _find_merged(part: object, definitions: Json, found: set[str]) -> None:
    """Add the names of the definitions that can be reached without entering a list."""
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
    """Return the schema of a mapping that is merged into another: nothing is required, and null is allowed."""
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
