"""The help of a page: its keys come from its bindings."""

import importlib
import pkgutil
import re

import pytest
from textual.binding import Binding

from screens import pages
from screens.app import WizardApp
from screens.pages.cluster import ClusterScreen
from screens.pages.fleet import FleetScreen
from screens.pages.history import HistoryScreen
from screens.pages.new_cluster import NewClusterScreen
from screens.pages.prerequisites import Subscriptions
from screens.pages.review import ReviewScreen
from screens.pages.vault import VaultScreen
from screens.widgets.dialogs import ProblemDialog
from screens.widgets.frame import Frame
from screens.widgets.help import HelpDialog, keys_of
from tests.unit.screens.widgets.test_background import never_connected

for _page in pkgutil.iter_modules(pages.__path__):
    importlib.import_module(f"{pages.__name__}.{_page.name}")

PAGES = [page for page in Frame.__subclasses__() if page.__module__.startswith("screens.pages")]


def own_bindings(page: type) -> list[Binding]:
    return [binding for binding in vars(page).get("BINDINGS", ()) if isinstance(binding, Binding)]


@pytest.mark.parametrize("page", [*PAGES, FleetScreen, HistoryScreen, Subscriptions])
def test_every_key_in_the_footer_is_explained(page: type) -> None:
    unexplained = [binding.key for binding in own_bindings(page) if binding.show and not binding.tooltip]
    assert unexplained == []


MEANINGS = {
    "r": {"refresh", "retry", "resume", "again", "sign in again"},
    "s": {"save"},
    "c": {"copy", "copy fix", "copy all"},
    "v": {"verify"},
    "e": {"encrypt", "encrypt another", "next cluster"},
    "m": {"change"},
    "f": {"failed", "failed only"},
    "f8": {"next", "next problem"},
    "n": {"new"},
    "enter": {"open", "select", "read on", "to the name", "apply", "verify"},
}
"""What a key may do: the same on every page."""


def test_each_key_has_one_meaning() -> None:
    found: dict[str, set[str]] = {}
    pages_: tuple[type, ...] = (*PAGES, FleetScreen, HistoryScreen, ClusterScreen, ProblemDialog)
    for page in pages_:
        for each in page.__mro__:
            for binding in own_bindings(each):
                found.setdefault(binding.key, set()).add(binding.description)
    assert {
        key for key, does in found.items() if len(does) > 1 and not does <= MEANINGS.get(key, set())
    } == set()


@pytest.mark.parametrize("page", [VaultScreen, NewClusterScreen, ReviewScreen])
def test_no_letter_acts_where_a_text_can_be_typed(page: type) -> None:
    assert [binding.key for binding in own_bindings(page) if len(binding.key) == 1] == []


@pytest.mark.parametrize("page", PAGES)
def test_help_text_lists_no_keys_by_hand(page: type[Frame]) -> None:
    assert not re.search(r"^(enter|esc|f\d|ctrl\+\w|\w)  +\w", page.HELP, re.MULTILINE)


async def test_help_of_a_page_shows_its_own_keys_first_and_those_of_its_widgets() -> None:
    app = WizardApp(never_connected, environment={})
    async with app.run_test() as pilot:
        keys = keys_of(app.screen, lambda binding: binding.key)
        assert [key for key, _ in keys][:5] == ["r", "r", "e", "v", "a"]
        assert ("ctrl+q", "Quit the wizard") in keys
        assert not any(key in {"f1", "question_mark"} for key, _ in keys)
        to_verify = ClusterScreen(app.session, verify_only=True)
        assert {"enter", "a"} <= {key for key, _ in keys_of(to_verify, lambda binding: binding.key)}
        assert {"n", "v"}.isdisjoint(key for key, _ in keys_of(to_verify, lambda binding: binding.key))
        await pilot.press("question_mark")
        assert isinstance(app.screen, HelpDialog)
        await app.leave()
