"""The Azure CLI's default subscription."""

from pathlib import Path

import pytest

from tests.support import PRODUCTION
from wizard.cloud.default_subscription import default_subscription


@pytest.mark.parametrize(
    ("profile", "found"),
    [
        (
            f'\ufeff{{"subscriptions": [{{"id": "x"}}, {{"id": "{PRODUCTION}", "isDefault": true}}]}}',
            PRODUCTION,
        ),
        ('{"subscriptions": [{"isDefault": true}, {"id": "x", "isDefault": "yes"}]}', ""),
        ('{"installationId": "x"}', ""),
        ("[1]", ""),
        ("{", ""),
        (None, ""),
    ],
)
def test_default_subscription_is_read_from_the_profile_and_never_fails(
    profile: str | None, found: str, tmp_path: Path
) -> None:
    if profile is not None:
        (tmp_path / "azureProfile.json").write_text(profile, "utf-8")
    assert default_subscription({"AZURE_CONFIG_DIR": str(tmp_path)}) == found
    assert default_subscription({}) == ""
