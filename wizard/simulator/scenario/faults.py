"""The faults of a scenario: in responses and connections, in long-running operations, and in access tokens."""

from typing import Literal

from pydantic import Base64Bytes, Field, model_validator

from wizard.simulator.scenario.base import Model

SignInCode = Literal[50076, 53003, 500011, 700024, 7000222]
"""The AADSTS codes of sign-in faults (docs/azure.md#sign-in)."""


class FaultMatch(Model):
    """The requests that a fault affects: those that match all of `method`, `path`, `operation`, `name` and `audience`.

    All five are case-insensitive globs; `*` also matches slashes. `operation` is the Azure action, such as
    `Microsoft.ContainerService/managedClusters/write` or `Microsoft.KeyVault/vaults/keys/create/action`; `name` is the
    name of the resource; `audience` is the scope or resource of a request for a token. Of the matching requests, the first `skip` are not affected. Of the rest, `nth` affects only that
    one, `count` the first N, `every` each Nth, `probability` a random share (the same requests for the same `seed`).
    Without any of these, all are affected.
    """

    method: str = "*"
    path: str = "*"
    operation: str = "*"
    name: str = "*"
    audience: str = "*"
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
    """An error response. With a `subcode`, which may be empty, it has the form that AKS uses."""

    status: int = Field(ge=400, le=599)
    code: str
    message: str
    subcode: str | None = None
    details: list[dict[str, str]] = []
    headers: dict[str, str] = {}


class FaultPage(Model):
    """A response of an intermediary instead of Azure, such as a proxy that asks for a sign-in; the body may be empty."""

    status: int = Field(200, ge=200, le=599)
    content_type: str = "text/html"
    body: str = "<html><body>Sign in to the guest network</body></html>"


class LroFailure(Model):
    """The error with which the long-running operation ends."""

    code: str
    message: str
    details: list[dict[str, str]] = []


class RawAnswer(Model):
    """A body that is sent byte for byte instead of the real one, with a status: a response that Azure should never give.

    `text` is sent as UTF-8; `base64` is for bytes that are not text. `times` repeats either, to make a long body.
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

    - `answer`: this error response.
    - `raw`: this body instead of the real one.
    - `reset`: the connection is reset. `hang`: there is never a response.
    - `truncate`: the real response, cut off in the middle. `malformed`: a body that is not JSON.
    - `page`: an intermediary responds instead of Azure.
    - `gone`: from then on the server does not listen. `untrusted`: from then on it uses an untrusted certificate.
    - `lro_fails`: the operation is accepted and fails with this error.
    - `lro`: `preempted` = it fails because another operation replaced it; `never-ends`; `operation-lags` = the resource has
      succeeded, but the operation stays InProgress (Azure/AKS#1968); `resource-lags` = the operation has succeeded, but the
      resource keeps updating for the same time again.
    - `keeps`: the request succeeds, but the resource keeps these properties (paths such as `identity`) as they were.
    - `sign_in`: the request for a token is refused with this AADSTS code.
    - `token`: `expired` = ARM no longer accepts the access token; `revoked` = the same, with a claims challenge for a new one.

    `after`: the request is executed first, and only its response is lost (for `answer`, `reset` and `page`).
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
    keeps: list[str] = []
    sign_in: SignInCode | None = None
    token: Literal["expired", "revoked"] | None = None
    after: bool = False

    @property
    def unanswered(self) -> bool:
        """Whether the request gets no response from Azure itself."""
        return bool(self.reset or self.hang or self.page or self.gone or self.untrusted)

    @model_validator(mode="after")
    def _exactly_one(self) -> "FaultSpec":
        kinds = (
            self.answer, self.raw, self.reset, self.hang, self.truncate, self.malformed, self.page, self.gone, self.untrusted,
            self.lro_fails, self.lro, self.keeps, self.sign_in, self.token,
        )  # fmt: skip
        if sum(bool(kind) for kind in kinds) != 1:
            raise ValueError(
                "give exactly one of `answer`, `raw`, `reset: true`, `hang: true`, `truncate: true`, `malformed: true`, `page`, "
                "`gone: true`, `untrusted: true`, `lro_fails`, `lro`, `keeps`, `sign_in`, `token`"
            )
        if self.after and not (self.answer or self.reset or self.page):
            raise ValueError("`after` goes with `answer`, `reset` or `page` only")
        return self
