"""What was in progress when a run was interrupted: from its events, live or from the journal."""

from collections.abc import Iterable
from dataclasses import dataclass

from wizard.cloud.arm import Json
from wizard.cloud.writes import in_words
from wizard.system.sanitize import one_line

_GO_ON = {
    ("managedclusters", "PUT", 201): "the cluster {} is being created",
    ("managedclusters", "PUT", 200): "the cluster {} is being updated",
    ("features", "POST", 200): "the preview feature {} is being registered",
    ("providers", "POST", 200): "the resource provider {} is being registered",
}
"""The operations that Azure continues after it has accepted them, by kind, method and HTTP status."""


@dataclass(frozen=True)
class InFlight:
    """What was started, and whose end is unknown."""

    steps: tuple[tuple[str, str, str], ...] = ()
    """Key, title and last message of each step that was running."""
    unanswered: tuple[str, ...] = ()
    """Requests that were sent (`PUT aks-demo`) without receiving a response: Azure may have carried them out."""
    running_in_azure: tuple[str, ...] = ()
    """Operations that Azure has accepted and continues: `the cluster aks-demo is being updated`."""

    @property
    def sentences(self) -> tuple[str, ...]:
        """All of it in sentences; empty if nothing was in progress."""
        said = []
        for _, title, last in self.steps:
            said.append(f"In progress: {title}{f' ({last})' if last else ''}.")
        if self.running_in_azure:
            said.append(f"Still running in Azure: {'; '.join(self.running_in_azure)}.")
        if self.unanswered:
            said.append(
                f"Sent to Azure, no response received: {'; '.join(self.unanswered)}. It may have been carried out."
            )
        return tuple(said)

    def to_json(self) -> Json:
        """Return the format of `under_way` in `runs show -o json`."""
        return {
            "steps": [step for step, _, _ in self.steps],
            "unanswered": list(self.unanswered),
            "goes_on": list(self.running_in_azure),
        }


def in_flight(events: Iterable[Json]) -> InFlight:
    """Return what the events of a run, in the format of the journal, leave open. Pure."""
    running: dict[str, tuple[str, str]] = {}
    writes: dict[str, dict[int, Json]] = {}
    for event in events:
        step, message = str(event.get("step") or ""), one_line(str(event.get("message") or ""))
        match event.get("type"):
            case "step-started":
                running[step] = (message, "")
            case "step-progress" if step in running:
                running[step] = (running[step][0], message)
            case "step-finished" if event.get("status") != "interrupted":
                running.pop(step, None)
                writes.pop(step, None)
            case "log" if isinstance(write := event.get("write"), dict):
                writes.setdefault(step, {})[write.get("number", 0)] = write
            case _:
                pass
    open_ = [write for step in writes if step in running for write in writes[step].values()]
    return InFlight(
        tuple((step, title, last) for step, (title, last) in running.items()),
        tuple(_what(write) for write in open_ if write.get("state") != "answered"),
        tuple(dict.fromkeys(said for write in open_ if (said := _running_in_azure(write)))),
    )


def _what(write: Json) -> str:
    return one_line(in_words(*(str(write.get(part) or "") for part in ("method", "kind", "name", "action"))))


def _running_in_azure(write: Json) -> str:
    kind = str(write.get("kind") or "").casefold()
    said = _GO_ON.get((kind, str(write.get("method")), write.get("status") or 0), "")
    return said.format(one_line(str(write.get("name") or ""))) if said else ""
