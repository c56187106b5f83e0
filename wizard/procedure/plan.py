"""The plan made from the live state: steps in dependency order, and a digest over all of them."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any, Literal

from wizard import TOOL
from wizard.cloud.arm import canonical
from wizard.cloud.encryption import EncryptionKind
from wizard.cloud.endpoints import Cloud
from wizard.rules import Finding

Action = Literal["create", "update", "register", "none"]


@dataclass(frozen=True)
class Effect:
    """One resource that a step creates, changes or keeps: a row of the review page."""

    verb: Literal["create", "change", "keep"]
    what: str
    """The resource type in words: `key vault`, `key`, `role assignment`."""
    name: str
    detail: str = ""


@dataclass(frozen=True)
class PlannedStep:
    """One step of the procedure, as planned."""

    key: str
    title: str
    """In the imperative: `Create the key vault`."""
    sentence: str
    """A sentence that describes the step."""
    action: Action
    reversible: bool
    needs: tuple[str, ...]
    """Keys of the steps of this plan that must finish first."""
    commands: tuple[str, ...]
    """The equivalent Azure CLI commands, as the how-to writes them."""
    effects: tuple[Effect, ...]
    usually: tuple[float, float]
    """The usual duration, from-to, in seconds; (0, 0) if it is negligible."""


@dataclass(frozen=True)
class Plan:
    """All steps of the procedure, and the findings of the preflight checks."""

    cluster_id: str
    now: EncryptionKind
    then: EncryptionKind
    title: str
    """`Encrypt orders-prod with a customer-managed key in a private vault`."""
    steps: tuple[PlannedStep, ...]
    findings: tuple[Finding, ...]
    irreversible: tuple[str, ...]
    """What is irreversible, one sentence each."""
    keep: tuple[str, ...]
    """What must never be deleted, one sentence each."""
    basis: dict[str, Any]
    """The live facts on which the plan is based; part of the digest, so that a change of any of them is drift."""
    moves: tuple[str, str] = ("", "")
    """The encryption before and after, in words: `kv-old/key (Public), identity id-old` and `kv-new/key (Private), identity id-new`."""
    still_needed: tuple[str, ...] = ()
    """What must be kept of the previous encryption, and until when, one sentence each."""
    signed_in: str = ""
    """The signed-in identity that made it."""
    cloud: Cloud | None = None
    """The cloud for which it was made; None if it was made without one."""
    follows: bool = False
    """The cluster already has the requested settings, but an operation is in progress, so the result is not certain yet."""
    clean_up: tuple[str, ...] = ()
    """What can be removed later, manually: no plan deletes anything."""

    @property
    def effects(self) -> tuple[Effect, ...]:
        """The resources that are created, changed or kept."""
        return tuple(effect for step in self.steps if step.key != "verify" for effect in step.effects)

    @property
    def errors(self) -> tuple[Finding, ...]:
        """Findings that prevent the run."""
        return tuple(f for f in self.findings if f.level == "error")

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """Findings to read before the run."""
        return tuple(f for f in self.findings if f.level == "warning")

    @property
    def writes(self) -> bool:
        """Whether the plan creates, changes or registers anything."""
        return any(step.action != "none" for step in self.steps)

    @property
    def usually(self) -> tuple[float, float]:
        """The usual duration, from-to, in seconds, along the longest chain of dependent steps."""
        ends: dict[str, tuple[float, float]] = {}
        for step in self.steps:
            low = max((ends[n][0] for n in step.needs), default=0.0)
            high = max((ends[n][1] for n in step.needs), default=0.0)
            mine = step.usually if step.action != "none" else (0.0, 0.0)
            ends[step.key] = (low + mine[0], high + mine[1])
        return (
            max((low for low, _ in ends.values()), default=0.0),
            max((high for _, high in ends.values()), default=0.0),
        )

    @property
    def digest(self) -> str:
        """SHA-256 over the steps and the facts of the plan, in hexadecimal; the gate of a run requires it.

        Details of kept resources are left out: Azure adds settings to a cluster, and the plan changes none of them.
        """
        body = {
            "cluster_id": self.cluster_id.lower(),
            "now": self.now,
            "then": self.then,
            "steps": [
                [
                    s.key,
                    s.action,
                    list(s.needs),
                    list(s.commands),
                    [[e.verb, e.what, e.name, "" if e.verb == "keep" else e.detail] for e in s.effects],
                ]
                for s in self.steps
            ],
            "basis": canonical(self.basis),
        }
        return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()

    def to_json(self) -> dict[str, Any]:
        """Return the format of `plan -o json`."""
        return {
            "digest": self.digest,
            "cluster_id": self.cluster_id,
            "title": self.title,
            "signed_in": self.signed_in,
            "tool": TOOL,
            "cloud": self.cloud.to_json() if self.cloud else None,
            "key_option": {"now": self.now, "then": self.then},
            "moves": {"from": self.moves[0], "to": self.moves[1]},
            "follows": self.follows,
            "steps": [
                {
                    "key": s.key,
                    "title": s.title,
                    "action": s.action,
                    "reversible": s.reversible,
                    "needs": list(s.needs),
                    "commands": list(s.commands),
                    "effects": [
                        {"verb": e.verb, "what": e.what, "name": e.name, "detail": e.detail}
                        for e in s.effects
                    ],
                    "usually_seconds": list(s.usually),
                }
                for s in self.steps
            ],
            "findings": [f.to_json() for f in self.findings],
            "irreversible": list(self.irreversible),
            "keep": list(self.keep),
            "still_needed": list(self.still_needed),
            "clean_up": list(self.clean_up),
            "basis": self.basis,
            "usually_seconds": list(self.usually),
        }
