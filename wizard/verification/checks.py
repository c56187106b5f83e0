"""All checks on one managed cluster: pure functions of the evidence, each with a stable code."""

from collections.abc import Callable, Iterator

from wizard.verification.access import access_checks
from wizard.verification.cluster import cluster_checks
from wizard.verification.code import code_checks, reverted_check
from wizard.verification.evidence import Evidence
from wizard.verification.expectation import expectation_checks
from wizard.verification.identity import identity_checks
from wizard.verification.key import key_checks, key_id_check
from wizard.verification.report import Check
from wizard.verification.vault import vault_checks


def checks(evidence: Evidence) -> tuple[Check, ...]:
    """Return the checks that apply to the cluster, in the order in which they are shown."""
    makers: list[Callable[[Evidence], Iterator[Check]]] = [cluster_checks]
    if evidence.encryption.kms_enabled:
        makers += [key_id_check, key_checks, vault_checks, identity_checks, access_checks]
    if evidence.encryption.kind != "none":
        makers.append(code_checks)
    if evidence.expect is not None:
        makers += [reverted_check, expectation_checks]
    return tuple(check for maker in makers for check in maker(evidence))
