"""The provenance of a report: when it was read, by whom, from which cloud and with which version of the tool."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from wizard import TOOL
from wizard.cloud.arm import Json
from wizard.system.sanitize import one_line

if TYPE_CHECKING:
    from wizard.cloud.azure import Azure


@dataclass(frozen=True)
class Provenance:
    """Part of each report, and of each document with several reports."""

    read_at: datetime
    """In UTC, by the local clock."""
    signed_in: Json
    """The signed-in identity: `name`, `object_id`, `tenant_id`."""
    cloud: Json
    """The output of `Cloud.to_json`."""
    tool: Json
    """`name` and `version`."""

    @classmethod
    def of(cls, azure: "Azure", now: datetime | None = None) -> "Provenance":
        """Return the provenance of what is read through this connection, now or at the given time."""
        who = azure.signed_in
        return cls(
            (now or datetime.now(UTC)).astimezone(UTC).replace(microsecond=0),
            {"name": who.name, "object_id": who.object_id, "tenant_id": who.tenant_id},
            azure.cloud.to_json(),
            dict(TOOL),
        )

    @property
    def rows(self) -> tuple[tuple[str, str], ...]:
        """Label and text of each part, for display."""
        return (
            ("read", f"{self.read_at:%Y-%m-%d %H:%M:%S} UTC"),
            ("by", one_line(f"{self.signed_in['name']} (object ID {self.signed_in['object_id']})")),
            ("cloud", one_line(str(self.cloud["described"]))),
            ("tool", one_line(f"{self.tool['name']} {self.tool['version']}")),
        )

    def to_json(self) -> dict[str, Any]:
        """`provenance` in `verify -o json`."""
        return {
            "read_at": self.read_at.isoformat(),
            "signed_in": self.signed_in,
            "cloud": self.cloud,
            "tool": self.tool,
        }

    @classmethod
    def from_json(cls, body: Json) -> "Provenance":
        """Return what `to_json` has written."""
        return cls(datetime.fromisoformat(body["read_at"]), body["signed_in"], body["cloud"], body["tool"])
