"""What a scenario may let go wrong: on the wire, at the end of an operation, with a token."""

from typing import Literal

from pydantic import Base64Bytes, Field, model_validator

from wizard.simulator.scenario.base import Model


class FaultMatch(Model):
    """Which requests a fault strikes: those that all of `method`, `path`, `operation` and `name` fit.

    All four are globs without regard to case; `*` crosses slashes. `operation` is the Azure action, such as
    `Microsoft.ContainerService/managedClusters/write` or `Microsoft.KeyVault/vaults/keys/create/action`; `name` the name
    of the resource. Of the requests that fit: `skip` lets the first so many go by, then `nth` strikes exactly that one,
    `count` the first so many, `every` each so-manieth, `probability` each by chance - the same ones for the same `seed`;
    none of them: all.
    """

    method: str = "*"
    path: str = "*"
    operation: str = "*"
    name: str = "*"
    skip: int = Field(0, ge=0)
    nth: int | None = Field(None, ge=1)
    count: int | None = Field(None, ge=1)
    every: int | None = Field(None, ge=1)
    probability: float | None = Field(None, gt=0, le=1)
    seed: int = 1

    @model_validator(mode="after")
    def _at_most_one(self) -> "FaultMatch":
        chosen = [each for each in (self.nth, self.count, self.every, self.probability) if each is not None]
        if len(chosen) > 1:
            raise ValueError("give at most one of `nth`, `count`, `every`, `probability`")
        return self


class FaultAnswer(Model):
    """An error answer that the fault gives; with a `subcode` (which may be empty) in the form of AKS."""

    status: int = Field(ge=400, le=599)
    code: str
    message: str
    subcode: str | None = None
    details: list[dict[str, str]] = []
    headers: dict[str, str] = {}


class FaultPage(Model):
    """What something on the way answers in Azure's place, such as a proxy that asks to sign in; the body may be empty."""

    status: int = Field(200, ge=200, le=599)
    content_type: str = "text/html"
    body: str = "<html><body>Sign in to the guest network</body></html>"


class LroFailure(Model):
    """The error with which the long-running operation ends."""

    code: str
    message: str
    details: list[dict[str, str]] = []


class RawAnswer(Model):
    """A body in the place of the true one, byte by byte, with its status: what no Azure should ever answer.

    `text` is sent as UTF-8, `base64` is for bytes that are no text; `times` writes either so often, for a long body.
    """

    status: int = Field(200, ge=200, le=599)
    text: str = ""
    base64: Base64Bytes = b""
    times: int = Field(1, ge=1, le=1_000_000)
    headers: dict[str, str] = {}

    @property
    def body(self) -> bytes:
        """The bytes that are sent."""
        return (self.text.encode("utf-8", "surrogatepass") + self.base64) * self.times


class FaultSpec(Model):
    """A fault: exactly one of the kinds below.

    `answer`: this error. `raw`: this body in the place of the true one. `reset`: the connection is cut. `hang`: no answer, ever. `truncate`: the true answer, cut off
    half-way. `malformed`: a body that is no JSON. `page`: something else answers in its place. `gone`: from then on nobody
    listens any more. `untrusted`: from then on the server shows a certificate that nobody trusts. `lro_fails`: the operation is accepted and fails with this error.
    `lro`: `preempted` = it fails because another operation took its place; `never-ends`; `operation-lags` = the resource
    has succeeded, the operation says InProgress for ever (Azure/AKS#1968); `resource-lags` = the operation has succeeded,
    the resource goes on updating for as long again. `token`: `expired` = ARM does not take this access token any more;
    `revoked` = the same, and it asks for a fresh one with a claims challenge.
    `after`: the request is carried out first, and only its answer is lost (for `answer`, `reset` and `page`).
    """

    match: FaultMatch
    answer: FaultAnswer | None = None
    raw: RawAnswer | None = None
    reset: bool = False
    hang: bool = False
    truncate: bool = False
    malformed: bool = False
    page: FaultPage | None = None
    gone: bool = False
    untrusted: bool = False
    lro_fails: LroFailure | None = None
    lro: Literal["preempted", "never-ends", "operation-lags", "resource-lags"] | None = None
    token: Literal["expired", "revoked"] | None = None
    after: bool = False

    @property
    def unanswered(self) -> bool:
        """Whether the request does not get as far as to Azure's own answer."""
        return bool(self.reset or self.hang or self.page or self.gone or self.untrusted)

    @model_validator(mode="after")
    def _exactly_one(self) -> "FaultSpec":
        kinds = (
            self.answer, self.raw, self.reset, self.hang, self.truncate, self.malformed, self.page, self.gone, self.untrusted,
            self.lro_fails, self.lro, self.token,
        )  # fmt: skip
        if sum(bool(kind) for kind in kinds) != 1:
            raise ValueError(
                "give exactly one of `answer`, `raw`, `reset: true`, `hang: true`, `truncate: true`, `malformed: true`, `page`, "
                "`gone: true`, `untrusted: true`, `lro_fails`, `lro`, `token`"
            )
        if self.after and not (self.answer or self.reset or self.page):
            raise ValueError("`after` goes with `answer`, `reset` or `page` only")
        return self
