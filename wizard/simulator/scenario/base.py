"""The base of all parts of the scenario model, and the types that several parts share."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints

Guid = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]

Scope = Annotated[str, StringConstraints(pattern=r"^/")]
"""The scope of a role, lock or policy: a resource id, or `/` for everything."""
Version = Annotated[str, StringConstraints(pattern=r"^\d+\.\d+\.\d+$")]
"""A Kubernetes patch version."""
FeatureName = Annotated[str, StringConstraints(pattern=r"^[^/]+/[^/]+$")]
"""`NAMESPACE/FEATURE`."""
FeatureState = Literal[
    "NotSpecified", "NotRegistered", "Pending", "Registering", "Registered", "Unregistering", "Unregistered"
]


class Model(BaseModel):
    """A strict model: an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)
