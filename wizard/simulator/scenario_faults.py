"""What a scenario may let go wrong on the wire and behind it."""

from pydantic import Field, model_validator

from wizard.simulator.scenario_model import Model


class FaultMatch(Model):
    """Which requests a fault strikes. `path` is a glob over the lower-case path, `*` crossing slashes.

    `nth` strikes exactly that one match, `count` the first so many, `every` each so-manieth; none of them: all.
    """

    method: str = "*"
    path: str = "*"
    nth: int | None = Field(None, ge=1)
    count: int | None = Field(None, ge=1)
    every: int | None = Field(None, ge=1)


class FaultAnswer(Model):
    """An error answer that the fault gives."""

    status: int = Field(ge=400, le=599)
    code: str
    message: str
    headers: dict[str, str] = {}


class LroFailure(Model):
    """The error with which the long-running operation ends."""

    code: str
    message: str


class FaultSpec(Model):
    """A fault: exactly one of `answer`, `reset`, `hang`, `lro_fails`."""

    match: FaultMatch
    answer: FaultAnswer | None = None
    reset: bool = False
    hang: bool = False
    lro_fails: LroFailure | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> "FaultSpec":
        if sum((self.answer is not None, self.reset, self.hang, self.lro_fails is not None)) != 1:
            raise ValueError("give exactly one of `answer`, `reset: true`, `hang: true`, `lro_fails`")
        return self
