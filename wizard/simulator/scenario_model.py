"""What every part of a scenario file is: a strict pydantic model."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

Guid = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]


class Model(BaseModel):
    """Strict: an unknown key is a mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True)
