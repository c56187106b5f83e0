"""A terminal that is gone is a hang-up, whether or not the kernel sends a signal."""

import os
import sys
import threading

import pytest

if sys.platform == "win32":
    pytest.skip("Textual has another driver on Windows", allow_module_level=True)

import pty

from screens.widgets import terminal


def test_a_terminal_that_is_closed_is_a_hang_up_although_nothing_is_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told = threading.Event()
    monkeypatch.setattr(terminal, "hang_up", told.set)
    ours, theirs = pty.openpty()
    driver = object.__new__(terminal.TerminalDriver)
    driver.fileno, driver.exit_event = theirs, threading.Event()
    watching = threading.Thread(target=driver.watch)
    watching.start()
    os.close(ours)
    watching.join()
    os.close(theirs)
    assert told.is_set()


def test_watching_ends_with_the_wizard(monkeypatch: pytest.MonkeyPatch) -> None:
    told = threading.Event()
    monkeypatch.setattr(terminal, "hang_up", told.set)
    ours, theirs = pty.openpty()
    driver = object.__new__(terminal.TerminalDriver)
    driver.fileno, driver.exit_event = theirs, threading.Event()
    driver.exit_event.set()
    driver.watch()
    os.close(ours)
    os.close(theirs)
    assert not told.is_set()
