"""Settings of a sign-in that are not valid are named with their value, before anything is sent."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from wizard.cloud.credential import CredentialKind, make_credential
from wizard.cloud.credential_files import CredentialFileError, federated_token
from wizard.cloud.endpoints import CLOUDS
from wizard.cloud.proxies import Proxies
from wizard.errors import AzureError, Problem

KNOWN = {"AZURE_TENANT_ID": "11111111-1111-1111-1111-111111111111", "AZURE_CLIENT_ID": "4444"}


def make(environment: dict[str, str], kind: CredentialKind = "auto") -> Any:
    nothing: Callable[[], Any] = lambda: None  # noqa: E731
    return make_credential(
        kind, CLOUDS["AzureCloud"], environment, Proxies({}), nothing, list, lambda _: None
    )


def refused(environment: dict[str, str]) -> Problem:
    with pytest.raises(AzureError) as refusal:
        make({"PATH": "/nowhere", **KNOWN, **environment})
    return refusal.value.problem


@pytest.mark.parametrize("value", ["'11111111'", '"11111111"', "1111 1111", "\x00", "/etc"])
def test_an_id_with_other_characters_is_named_with_its_value(value: str) -> None:
    """azure-sdk-for-java#7481."""
    problem = refused({"AZURE_TENANT_ID": value, "AZURE_CLIENT_SECRET": "s"})
    assert (problem.kind, "AZURE_TENANT_ID" in problem.summary) == ("input", True)
    assert value.strip("'\"\x00") in problem.cause


@pytest.mark.parametrize("end", [" ", "\t", "\r", "\n"])
async def test_white_space_around_an_id_is_taken_off(end: str) -> None:
    credential = make(
        {**KNOWN, "AZURE_TENANT_ID": f"{KNOWN['AZURE_TENANT_ID']}{end}", "AZURE_CLIENT_SECRET": "s"}
    )
    assert credential._inner._tenant == KNOWN["AZURE_TENANT_ID"]


def test_an_empty_secret_is_not_replaced_by_another_identity() -> None:
    """Azure/login#396."""
    problem = refused({"AZURE_CLIENT_SECRET": ""})
    assert problem.cause == "AZURE_CLIENT_ID is set, but AZURE_CLIENT_SECRET is empty."
    assert problem.remedy.startswith("Set AZURE_CLIENT_SECRET, or")
    problem = refused({"AZURE_CLIENT_ID": "", "AZURE_CLIENT_SECRET": "s"})
    assert problem.cause == "AZURE_CLIENT_SECRET is set, but AZURE_CLIENT_ID is empty."


@pytest.mark.parametrize("content", [None, b"", b"\xff\xfe\x00", b"two words"], ids=str)
def test_a_federated_token_that_cannot_be_read_is_named_with_its_variable(
    content: bytes | None, tmp_path: Path
) -> None:
    """azure-workload-identity#665."""
    path = tmp_path / "token"
    if content is not None:
        path.write_bytes(content)
    for each in (path, tmp_path):
        with pytest.raises(CredentialFileError) as error:
            federated_token("AZURE_FEDERATED_TOKEN_FILE", str(each))()
        problem = error.value.problem
        assert (problem.kind, f"AZURE_FEDERATED_TOKEN_FILE names '{each}'" in problem.cause) == (
            "sign-in",
            True,
        )
    path.write_text("eyJ.x.y\n")
    assert federated_token("AZURE_FEDERATED_TOKEN_FILE", str(path))() == "eyJ.x.y"


@pytest.mark.parametrize("content", [None, b"", b"-----BEGIN CERTIFICATE-----\nx"], ids=str)
def test_a_certificate_that_is_none_is_named_with_its_variable(content: bytes | None, tmp_path: Path) -> None:
    """azure-cli#28551."""
    path = tmp_path / "certificate.pem"
    if content is not None:
        path.write_bytes(content)
    problem = refused({"AZURE_CLIENT_CERTIFICATE_PATH": str(path)})
    assert (problem.kind, f"AZURE_CLIENT_CERTIFICATE_PATH names '{path}'" in problem.cause) == (
        "sign-in",
        True,
    )
