"""Versions of Kubernetes: how they compare, and which of them know what. Pure."""

import re

OLDEST = (1, 33)
"""The first Kubernetes version with KMS data encryption: the how-to, note under each "existing cluster"."""

LEGACY_KMS_V2 = (1, 27)
"""The first Kubernetes version whose legacy KMS is its version 2; from version 1 there is no migration: AKS:use-kms-v2."""


def version_of(text: str) -> tuple[int, ...]:
    """`1.34.9` -> (1, 34, 9), to be compared: the numbers in it, none of them longer than any version has ever had."""
    return tuple(int(part) for part in re.findall(r"\d{1,18}", text))
