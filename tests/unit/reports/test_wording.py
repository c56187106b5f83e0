"""Durations and wrapping of the shared wording."""

from pathlib import Path

import pytest

from wizard.reports.recorded_run import in_few_words, resume_command
from wizard.reports.wording import (
    ago,
    command_in,
    duration,
    hanging,
    short,
    state_of,
    usually,
    without_command,
)
from wizard.runs.journal import RunSummary


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "0:00"), (38.9, "0:38"), (252, "4:12"), (3723, "1:02:03")]
)
def test_duration(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (0, 0, "a moment"),
        (0, 30, "up to 30 s"),
        (5, 60, "5–60 s"),
        (180, 360, "3–6 min"),
        (290, 310, "about 5 min"),
    ],
)
def test_usually(low: float, high: float, words: str) -> None:
    assert usually(low, high) == words


@pytest.mark.parametrize(("seconds", "words"), [(0.4, "just now"), (12.7, "12 s ago"), (200, "3 min ago")])
def test_ago(seconds: float, words: str) -> None:
    assert ago(seconds) == words


@pytest.mark.parametrize(
    ("state", "certain"),
    [("Succeeded", True), ("failed", False), ("Canceled", False), ("Updating", False), ("Brewing", False)],
)
def test_settings_that_may_not_be_in_effect_are_called_not_certain(state: str, certain: bool) -> None:
    cluster = {"properties": {"provisioningState": state, "securityProfile": {}}}
    assert ("not certain" not in state_of(cluster)) == certain


def test_a_hanging_text_starts_every_line_at_its_column() -> None:
    lines = hanging("one two three four five six seven", 4, 24).splitlines()
    assert len(lines) > 1
    assert all(line.startswith("    ") for line in lines[1:])
    assert all(len(line) <= 24 for line in lines)


def test_an_applications_id_is_shortened_and_a_users_name_is_not() -> None:
    assert short("application 44444444-4444-4444-4444-444444444444") == "app 44444444"
    assert short("ops@contoso.example") == "ops@contoso.example"


@pytest.mark.parametrize(
    ("remedy", "command"),
    [
        ("az aks update -n a", "az aks update -n a"),
        ("Ask an owner to remove it temporarily: az lock delete --ids x", "az lock delete --ids x"),
        ("Turn it off (az aks update -n a --disable-x), then upgrade.", "az aks update -n a --disable-x"),
        ("Ask an owner for the role Owner there.", ""),
    ],
)
def test_command_in_a_remedy(remedy: str, command: str) -> None:
    assert command_in(remedy) == command


@pytest.mark.parametrize(
    ("remedy", "sentence"),
    [
        ("az aks update -n a", ""),
        ("Ask an owner to remove it: az lock delete --ids x", "Ask an owner to remove it."),
        ("Turn it off (az aks update -n a), then upgrade.", "Turn it off, then upgrade."),
        ("Ask an owner.", "Ask an owner."),
    ],
)
def test_remedy_without_its_command(remedy: str, sentence: str) -> None:
    assert without_command(remedy) == sentence


@pytest.mark.parametrize(
    ("title", "words"),
    [
        ("Encrypt a with a customer-managed key in a private vault", "Encrypt: customer, private"),
        ("Migrate a to a platform-managed key", "Migrate to platform"),
        (
            "Repair a, whose settings request a customer-managed key in a public vault, and whose last operation failed",
            "Repair: customer, public",
        ),
    ],
)
def test_title_of_a_run_in_few_words(title: str, words: str) -> None:
    run = RunSummary("20260101-000000-a", Path(), None, "a", title, "failed", None)
    assert in_few_words(run) == words


@pytest.mark.parametrize(
    ("name", "endpoint", "command"),
    [
        ("AzureCloud", "https://management.azure.com", "aks-kms runs resume"),
        (
            "AzureChinaCloud",
            "https://management.chinacloudapi.cn",
            "aks-kms --cloud AzureChinaCloud runs resume",
        ),
        ("SimulatedAzure", "https://localhost:1", "aks-kms --arm-endpoint https://localhost:1 runs resume"),
    ],
)
def test_command_that_resumes_a_run_selects_its_cloud(name: str, endpoint: str, command: str) -> None:
    cloud = {"name": name, "resource_manager": endpoint, "described": name}
    run = RunSummary("20260101-000000-a", Path(), None, "a", "", "failed", None, cloud)
    assert resume_command(run) == f"{command} 20260101-000000-a"
