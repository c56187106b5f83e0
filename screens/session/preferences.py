"""What the user prefers: the theme. It is kept in a settings file, which `AKS_KMS_THEME` overrides."""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from platformdirs import user_config_path

THEME = "AKS_KMS_THEME"
DEFAULT_THEME = "calm"
AUTO = "auto"
"""The theme that fits the background of the terminal."""
THEMES = {
    DEFAULT_THEME: "dark",
    "calm-light": "light",
    "ansi": "the 16 colours of your terminal",
    AUTO: "dark or light, as your terminal is when the wizard starts",
}
"""The themes that can be chosen, with what they are."""

_VERSION = 1
_KEYS = ("version", "theme")


def settings_path() -> Path:
    """Return the path of the settings file."""
    return user_config_path("aks-kms", appauthor=False) / "settings.yaml"


def chosen_theme(environment: Mapping[str, str]) -> str:
    """Return the theme from the environment, from the settings file, or the default. Raise ValueError that names what is not
    valid there.
    """
    if given := environment.get(THEME):
        return _valid_theme(given, THEME)
    path = settings_path()
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return DEFAULT_THEME
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not UTF-8"
        raise ValueError(f"{path} cannot be read: {why}. Correct it, or delete it.") from error
    return _theme_in(text, str(path))


def save_theme(theme: str) -> Path:
    """Write the settings file with this theme, and return its path. Raise OSError."""
    path = settings_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    file, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(file, "w", encoding="utf-8") as opened:
            opened.write(f"version: {_VERSION}\ntheme: {theme}\n")
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
    return path


def _theme_in(text: str, source: str) -> str:
    from ruamel.yaml.error import YAMLError

    from wizard.system import yaml_loader

    try:
        found: Any = yaml_loader.load(text)
    except (YAMLError, ValueError, RecursionError) as error:
        line = getattr(getattr(error, "problem_mark", None), "line", 0) + 1
        raise ValueError(f"{source} is not valid YAML at line {line}. Correct it, or delete it.") from error
    if not isinstance(found, dict):
        what = f"write version: {_VERSION} and theme: {DEFAULT_THEME}"
        raise ValueError(f"{source} is not a valid settings file: {what}.")  # noqa: TRY004 - the file is wrong, not the code
    for key in found:
        if key not in _KEYS:
            raise ValueError(f"{source}: unknown key {key!r}. The keys are: {', '.join(_KEYS)}.")
    if found.get("version") != _VERSION:
        raise ValueError(f"{source}: version must be {_VERSION}; it is {found.get('version')!r}.")
    return _valid_theme(found.get("theme", DEFAULT_THEME), f"{source}: theme")


def _valid_theme(given: object, where: str) -> str:
    if not isinstance(given, str) or given not in THEMES:
        raise ValueError(f"{where}: there is no theme {given!r}. The themes are: {', '.join(THEMES)}.")
    return given
