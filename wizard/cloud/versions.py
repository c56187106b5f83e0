"""Kubernetes versions: how they compare, and the first ones with each feature. Pure."""

import re
from functools import lru_cache

OLDEST = (1, 33)
"""The first Kubernetes version with KMS data encryption: the how-to, note under each "existing cluster"."""

LEGACY_KMS_V2 = (1, 27)
"""The first Kubernetes version whose legacy KMS is version 2; from version 1 there is no migration: docs/azure.md#refusals-of-the-aks-resource-provider."""


@lru_cache(256)
def version_of(text: str) -> tuple[int, ...]:
    """Return the numbers of a version to compare it: (1, 34, 9) for `1.34.9`. Numbers have at most 18 digits."""
    return tuple(int(part) for part in re.findall(r"\d{1,18}", text))
