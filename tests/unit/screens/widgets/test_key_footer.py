"""The footer: the order of its keys, what is left out on a narrow terminal, and what a click does."""

from textual.app import App
from textual.binding import Binding
from textual.screen import Screen

from screens.widgets.key_footer import Hint, KeyFooter, fitting

ACTIONS = [Hint("enter", "enter", "open"), Hint("f", "f", "failed"), Hint("s", "s", "save")]
OTHERS = [
    Hint("escape", "esc", "back"),
    Hint("question_mark", "?", "help"),
    Hint("ctrl+p", "^p", "commands"),
    Hint("ctrl+q", "^q", "quit"),
]


def line(width: int) -> str:
    return "  ".join(
        f"{hint.display} {hint.words}" for side in fitting(ACTIONS, OTHERS, width) for hint in side
    )


def test_palette_is_left_out_first_and_then_the_least_important_actions() -> None:
    assert line(68) == "enter open  f failed  s save  esc back  ? help  ^p commands  ^q quit"
    assert line(67) == "enter open  f failed  s save  esc back  ? help  ^q quit"
    assert line(53) == "enter open  f failed  esc back  ? more  ^q quit"
    assert line(30) == "esc back  ? more  ^q quit"


class _Page(Screen[None]):
    BINDINGS = [  # noqa: RUF012 - declared so by Textual
        Binding("escape", "back", "back"),
        Binding("s", "save", "save", tooltip="Save it"),
        Binding("f", "failed", "failed", show=False),
        Binding("enter", "open", "open"),
    ]
    saved = 0

    def compose(self):
        yield KeyFooter()

    def action_save(self) -> None:
        self.saved += 1


async def test_enter_comes_first_hidden_keys_are_left_out_and_a_click_presses_the_key() -> None:
    app = App[None]()
    async with app.run_test(size=(60, 5)) as pilot:
        page = _Page()
        await app.push_screen(page)
        await pilot.pause()
        shown = str(page.query_one(KeyFooter).visual)
        assert shown.startswith("⏎ open  s save")
        assert shown.endswith("esc back  ^p commands")
        await pilot.hover(KeyFooter, offset=(shown.index("save"), 0))
        assert page.query_one(KeyFooter).tooltip == "Save it"
        await pilot.click(KeyFooter, offset=(shown.index("save"), 0))
        await pilot.pause()
        assert page.saved == 1
