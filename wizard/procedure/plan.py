"""What would be done, from the live state: steps in dependency order, and a digest over all of it."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any, Literal

from wizard import TOOL
from wizard.cloud.encryption import EncryptionKind
from wizard.cloud.endpoints import Cloud
from wizard.rules import Finding

Action = Literal["create", "update", "register", "none"]


@dataclass(frozen=True)
class Effect:
    """One resource that a step creates, changes or keeps: a row of the review."""

    verb: Literal["create", "change", "keep"]
    what: str
    """The resource type in words: `key vault`, `key`, `role assignment`."""
    name: str
    detail: str = ""


@dataclass(frozen=True)
class PlannedStep:
    """One step of the procedure as it would go now."""

    key: str
    title: str
    """In the imperative: `Create the key vault`."""
    sentence: str
    """What the step does, in a sentence."""
    action: Action
    reversible: bool
    needs: tuple[str, ...]
    """Keys of the steps (of this plan) that must have finished before."""
    commands: tuple[str, ...]
    """The equivalent Azure CLI commands, as the how-to writes them."""
    effects: tuple[Effect, ...]
    usually: tuple[float, float]
    """From-to, in seconds, how long it usually takes; (0, 0) for a moment."""


@dataclass(frozen=True)
class Plan:
    """All that would be done, and what speaks against it."""

    cluster_id: str
    now: EncryptionKind
    then: EncryptionKind
    title: str
    """`Encrypt orders-prod with your own key in a private vault`."""
    steps: tuple[PlannedStep, ...]
    findings: tuple[Finding, ...]
    irreversible: tuple[str, ...]
    """What cannot be undone, one sentence each."""
    keep: tuple[str, ...]
    """What must be kept for ever, one sentence each."""
    basis: dict[str, Any]
    """The live facts the plan stands on; part of the digest, so that a change of any of them is drift."""
    moves: tuple[str, str] = ("", "")
    """From what to what, in words: `kv-old/key (Public), identity id-old` and `kv-new/key (Private), identity id-new`."""
    still_needed: tuple[str, ...] = ()
    """What of the past must stay for a while, and until when, one sentence each."""
    signed_in: str = ""
    """Who made it."""
    cloud: Cloud | None = None
    """For which Azure it was made; None for one that was made from facts alone."""
    follows: bool = False
    """Nothing is left to ask for, but whether it is so is not certain yet: an operation on the cluster is under way."""
    clean_up: tuple[str, ...] = ()
    """What may be removed later, by somebody: no plan ever deletes anything."""

    @property
    def errors(self) -> tuple[Finding, ...]:
        """Findings for which the run would be refused."""
        return tuple(f for f in self.findings if f.level == "error")

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """Findings to be read before going on."""
        return tuple(f for f in self.findings if f.level == "warning")

    @property
    def writes(self) -> bool:
        """Whether anything at all would be created, changed or registered."""
        return any(step.action != "none" for step in self.steps)

    @property
    def usually(self) -> tuple[float, float]:
        """From-to, in seconds, along the longest chain of steps that wait for each other."""
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
        """SHA-256 over the steps and the facts they stand on, in hexadecimal; what the gate of a run asks for.

        Details of what is kept are left out: Azure adds settings to a cluster by itself, and the plan touches none.
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
            "basis": self.basis,
        }
        return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()

    def to_json(self) -> dict[str, Any]:
        """The shape of `plan -o json`."""
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
