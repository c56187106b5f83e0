"""The command that starts the wizard: what of the environment it refuses."""

import pytest

from screens.cli.wizard import wrong_driver


@pytest.mark.parametrize(
    "name", ["nosuch", "nosuch:Driver", "os:path", "textual.driver:None", ":", "textual.app:App"]
)
def test_a_driver_that_textual_cannot_use_is_named(name: str) -> None:
    assert wrong_driver(name) == f"TEXTUAL_DRIVER is {name!r}, which is no driver of Textual. Unset it."


@pytest.mark.parametrize("name", ["", "textual.drivers.headless_driver:HeadlessDriver"])
def test_a_driver_of_textual_is_used(name: str) -> None:
    assert wrong_driver(name) == ""
