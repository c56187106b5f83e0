"""The title of the terminal's window, and notifications."""

import pytest

from screens.widgets.signals import TerminalSignals


def written(environment: dict[str, str]) -> str:
    said: list[str] = []
    signals = TerminalSignals(said.append, environment)
    for _ in range(2):
        signals.title("aks-kms 1/2 \x1b[31mdemo")
    signals.notify("✓ done; now")
    return "".join(said)


def test_title_is_written_once_and_a_notification_in_the_form_that_the_terminal_knows() -> None:
    title = "\x1b]2;aks-kms 1/2 demo\x1b\\"
    assert written({"TERM": "xterm-256color"}) == f"{title}\x1b]9;aks-kms: ✓ done, now\x1b\\"
    assert written({"TERM": "foot"}) == f"{title}\x1b]777;notify;aks-kms;✓ done, now\x1b\\"


def test_notification_can_be_turned_off() -> None:
    assert "\x1b]9" not in written({"TERM": "xterm", "AKS_KMS_BELL": "0"})


@pytest.mark.parametrize("term", ["linux", "dumb", ""])
def test_terminal_without_a_window_gets_nothing(term: str) -> None:
    assert written({"TERM": term}) == ""
