"""What every part of a scenario file is: a strict pydantic model; and the texts that several parts have."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints

Guid = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]

Scope = Annotated[str, StringConstraints(pattern=r"^/")]
"""A scope of roles, locks, policies: an id, or `/` for everything."""
Version = Annotated[str, StringConstraints(pattern=r"^\d+\.\d+\.\d+$")]
"""A patch version of Kubernetes."""
FeatureName = Annotated[str, StringConstraints(pattern=r"^[^/]+/[^/]+$")]
"""`NAMESPACE/FEATURE`."""
FeatureState = Literal[
    "NotSpecified", "NotRegistered", "Pending", "Registering", "Registered", "Unregistering", "Unregistered"
]


class Model(BaseModel):
    """Strict: an unknown key is a mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True)
