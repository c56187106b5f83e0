"""The footer with the keys of the page."""

from textual.widgets import Footer


class KeyFooter(Footer):
    """Textual's footer, composed only if other keys are to be shown than before.

    Textual composes it each time the focus moves, which takes longer than all else that a key causes on a page.
    """

    _composed: tuple[object, ...] = ()

    async def recompose(self) -> None:
        """Show the keys that are active now."""
        active = self.screen.active_bindings.values()
        shown = (
            self.show_command_palette,
            *((binding, enabled, tip) for _, binding, enabled, tip in active if binding.show),
        )
        if shown != self._composed:
            self._composed = shown
            await super().recompose()
