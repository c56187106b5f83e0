r"""`aks-kms completion`: print the completion script for a shell, and answer its questions.

click generates the scripts and finds the candidates. Only the words of `--OPTION=VALUE` are treated here: bash splits them at the
equals sign, zsh and fish do not.
"""

from typing import Any

import click
from click.shell_completion import (
    BashComplete,
    CompletionItem,
    FishComplete,
    ShellComplete,
    ZshComplete,
    add_completion_class,
)

from screens.cli.help import Choice, Command
from screens.cli.options import COMPLETION, expand_bare_simulate
from screens.exit_codes import SUCCESS


class _Complete(ShellComplete):
    split = False
    """Whether the shell replaces only the part of the word that follows the equals sign."""

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem[str]]:
        """Return the candidates as the shell is to insert them."""
        items = super().get_completions(expand_bare_simulate(args), incomplete)
        option, equals, _ = incomplete.partition("=")
        if equals and option.startswith("--") and not self.split:
            for item in items:
                item.value = f"{option}={item.value}"
        return items


class Bash(_Complete, BashComplete):
    """Completion for bash, in which an equals sign is a word of its own unless COMP_WORDBREAKS was changed."""

    def get_completion_args(self) -> tuple[list[str], str]:
        """Return the words with options and their values joined again."""
        args, incomplete = super().get_completion_args()
        words: list[str] = []
        pending = False  # the last word is an option and an equals sign
        for word in (*args, incomplete):
            joins = pending or (word == "=" and bool(words) and words[-1].startswith("--"))
            if joins:
                words[-1] += word
            else:
                words.append(word)
            pending = joins and word == "="
            self.split = joins
        return words[:-1], words[-1]


class Zsh(_Complete, ZshComplete):
    """Completion for zsh."""


class Fish(_Complete, FishComplete):
    """Completion for fish. The script splits at the first comma only, because descriptions contain commas."""

    source_template = FishComplete.source_template.replace('string split ","', 'string split -m 1 ","')


SHELLS: dict[str, type[ShellComplete]] = {"bash": Bash, "zsh": Zsh, "fish": Fish}


def register() -> None:
    """Make click answer the scripts with these classes."""
    for name, shell in SHELLS.items():
        add_completion_class(shell, name)


@click.command(
    "completion",
    cls=Command,
    examples=(
        ("bash", "echo 'source <(aks-kms completion bash)' >> ~/.bashrc"),
        ("zsh", "echo 'source <(aks-kms completion zsh)' >> ~/.zshrc"),
        ("fish", "aks-kms completion fish > ~/.config/fish/completions/aks-kms.fish"),
    ),
)
@click.argument("shell", type=Choice(tuple(SHELLS)), metavar="SHELL")
@click.pass_context
def command(ctx: click.Context, shell: str) -> int:
    """Print the completion script for a shell.

    SHELL is bash, zsh or fish. The script completes commands, options and their values, built-in scenarios, timeouts, checks, the IDs of runs, and the clusters
    of the last `aks-kms clusters` or `verify --all`.
    """
    root = ctx.find_root()
    empty: dict[str, Any] = {}
    click.echo(SHELLS[shell](root.command, empty, "aks-kms", COMPLETION).source(), nl=False)
    return SUCCESS
