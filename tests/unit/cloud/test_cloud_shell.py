"""Azure Cloud Shell is recognized, and what it keeps is said."""

from pathlib import Path

import pytest

from wizard.cloud.cloud_shell import in_cloud_shell, notice


@pytest.mark.parametrize(
    ("environment", "there"),
    [
        ({"ACC_CLOUD": "PROD"}, True),
        ({"AZUREPS_HOST_ENVIRONMENT": "cloud-shell/1.0"}, True),
        ({"AZUREPS_HOST_ENVIRONMENT": "AzureAutomation"}, False),
        ({"MSI_ENDPOINT": "http://localhost:50342/oauth2/token"}, False),
    ],
)
def test_cloud_shell_is_known_by_its_variables(environment: dict[str, str], there: bool) -> None:
    assert in_cloud_shell(environment) is there
    assert bool(notice(environment)) is there


def test_the_notice_says_whether_the_journal_is_kept(tmp_path: Path) -> None:
    here = {"ACC_CLOUD": "PROD"}
    assert "the journal is lost" in notice(here, tmp_path)
    (tmp_path / "clouddrive").mkdir()
    assert "the journal is kept" in notice(here, tmp_path)
