"""Where a report comes from: when it was read, by whom, in which Azure, with which tool. An auditor's first questions."""

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
    """Said once of each report, and once of a document that holds several."""

    read_at: datetime
    """In UTC, by the clock of the machine that read."""
    signed_in: Json
    """Who read: `name`, `object_id`, `tenant_id`."""
    cloud: Json
    """As `Cloud.to_json` has it."""
    tool: Json
    """`name` and `version`."""

    @classmethod
    def of(cls, azure: "Azure", now: datetime | None = None) -> "Provenance":
        """Of what is read through that door, now or at the moment given."""
        who = azure.signed_in
        return cls(
            (now or datetime.now(UTC)).astimezone(UTC).replace(microsecond=0),
            {"name": who.name, "object_id": who.object_id, "tenant_id": who.tenant_id},
            azure.cloud.to_json(),
            dict(TOOL),
        )

    @property
    def rows(self) -> tuple[tuple[str, str], ...]:
        """For people: what, and in words."""
        return (
            ("read", f"{self.read_at:%Y-%m-%d %H:%M:%S} UTC"),
            ("by", one_line(f"{self.signed_in['name']} (object id {self.signed_in['object_id']})")),
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
        """What `to_json` has written."""
        return cls(datetime.fromisoformat(body["read_at"]), body["signed_in"], body["cloud"], body["tool"])
