"""The command that starts the wizard: what of the environment it refuses."""

import io
import sys

import pytest

from screens.cli.wizard import no_terminal, wrong_driver


class OnTerminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("redirected", ["stdin", "stdout", "stderr"])
def test_no_wizard_without_a_terminal_for_every_stream(
    redirected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    for name in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(sys, name, OnTerminal())
    assert no_terminal() == ""
    monkeypatch.setattr(sys, redirected, io.StringIO())
    assert no_terminal() == f"{redirected} is not a terminal"


@pytest.mark.parametrize(
    "name", ["nosuch", "nosuch:Driver", "os:path", "textual.driver:None", ":", "textual.app:App"]
)
def test_a_driver_that_textual_cannot_use_is_named(name: str) -> None:
    assert wrong_driver(name) == f"TEXTUAL_DRIVER is {name!r}, which is no driver of Textual. Unset it."


@pytest.mark.parametrize("name", ["", "textual.drivers.headless_driver:HeadlessDriver"])
def test_a_driver_of_textual_is_used(name: str) -> None:
    assert wrong_driver(name) == ""
