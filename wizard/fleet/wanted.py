"""Which clusters of a fleet are wanted: by group, region and encryption, and only those that fail."""

from dataclasses import dataclass

from wizard.cloud.arm import same, same_region
from wizard.cloud.encryption import EncryptionKind
from wizard.cloud.inventory import ClusterRow


@dataclass(frozen=True)
class Wanted:
    """Filters that all have to hold; of each, one of its values. Without any, every cluster is wanted."""

    groups: tuple[str, ...] = ()
    locations: tuple[str, ...] = ()
    kinds: tuple[EncryptionKind, ...] = ()
    failed: bool = False
    """Only clusters whose verification fails: to be applied to the verdict, not to a row."""

    def fits(self, row: ClusterRow) -> bool:
        """Whether a cluster is wanted, whatever its verdict."""
        return (
            (not self.groups or any(same(row.resource_group, group) for group in self.groups))
            and (not self.locations or any(same_region(row.location, name) for name in self.locations))
            and (not self.kinds or row.kind in self.kinds)
        )

    @property
    def chooses(self) -> bool:
        """Whether there is a filter that a row has to fit, whatever its verdict."""
        return bool(self.groups or self.locations or self.kinds)

    @property
    def narrows(self) -> bool:
        """Whether there is any filter."""
        return self.chooses or self.failed
