"""Objects as a Table: what `kubectl get` prints."""

from datetime import UTC, datetime

from wizard.simulator.protocol.wire import Json

_COLUMNS = {
    "secrets": ("Name", "Type", "Data", "Age"),
    "namespaces": ("Name", "Status", "Age"),
}


def _age(created: str, now: float) -> str:
    seconds = max(
        0, int(now - datetime.strptime(created, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp())
    )
    for unit, length, from_on in (("d", 86400, 2), ("h", 3600, 3), ("m", 60, 2)):
        if seconds >= length * from_on:
            return f"{seconds // length}{unit}"
    return f"{seconds}s"


def table(resource: str, objects: list[Json], metadata: Json, now: float, include: str) -> Json:
    """A `Table`; `include` is what each row carries of its object: `None`, `Metadata` or `Object`."""
    columns = [
        {"name": name, "type": "integer" if name == "Data" else "string", "format": "name" if name == "Name" else "", "description": name, "priority": 0}
        for name in _COLUMNS[resource]
    ]  # fmt: skip
    rows: list[Json] = []
    for body in objects:
        held: Json = body["metadata"]
        middle: list[object] = (
            [body["type"], len(body.get("data") or {})]
            if resource == "secrets"
            else [body["status"]["phase"]]
        )
        row: Json = {"cells": [held["name"], *middle, _age(held["creationTimestamp"], now)]}
        if include == "Object":
            row["object"] = body
        elif include != "None":
            row["object"] = {
                "kind": "PartialObjectMetadata",
                "apiVersion": "meta.k8s.io/v1",
                "metadata": held,
            }
        rows.append(row)
    return {
        "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata, "columnDefinitions": columns, "rows": rows,
    }  # fmt: skip
