"""Filters on the clusters of a fleet: by resource group, region, encryption and verdict."""

from dataclasses import dataclass

from wizard.cloud.arm import same, same_region
from wizard.cloud.encryption import EncryptionKind
from wizard.cloud.inventory import ClusterRow


@dataclass(frozen=True)
class Filters:
    """A cluster has to match one value of each filter that is set. Without filters, every cluster matches."""

    groups: tuple[str, ...] = ()
    locations: tuple[str, ...] = ()
    kinds: tuple[EncryptionKind, ...] = ()
    failed: bool = False
    """Only clusters that are not verified. Applied to the verdict, not to a row."""

    def fits(self, row: ClusterRow) -> bool:
        """Return whether a cluster matches, regardless of its verdict."""
        return (
            (not self.groups or any(same(row.resource_group, group) for group in self.groups))
            and (not self.locations or any(same_region(row.location, name) for name in self.locations))
            and (not self.kinds or row.kind in self.kinds)
        )

    @property
    def chooses(self) -> bool:
        """Whether there is a filter on rows."""
        return bool(self.groups or self.locations or self.kinds)

    @property
    def narrows(self) -> bool:
        """Whether there is any filter."""
        return self.chooses or self.failed
