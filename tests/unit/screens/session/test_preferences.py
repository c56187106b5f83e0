"""The settings file of the user, and the variable that overrides it."""

from pathlib import Path

import pytest

from screens.session.preferences import THEME, chosen_theme, save_theme, settings_path


@pytest.fixture(autouse=True)
def _own_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))


def test_the_theme_that_was_saved_is_chosen_unless_the_environment_names_another() -> None:
    assert chosen_theme({}) == "calm"
    assert save_theme("ansi") == settings_path()
    assert save_theme("calm-light").read_text(encoding="utf-8") == "version: 1\ntheme: calm-light\n"
    assert chosen_theme({}) == "calm-light"
    assert chosen_theme({THEME: "auto"}) == "auto"
    assert [path.name for path in settings_path().parent.iterdir()] == ["settings.yaml"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("version: 1\ncolour: dark\n", "unknown key 'colour'. The keys are: version, theme."),
        ("version: 1\ntheme: dark\n", "theme: there is no theme 'dark'. The themes are: calm, calm-light, ansi, auto."),
        ("version: 1\ntheme: [calm]\n", "theme: there is no theme ['calm']."),
        ("version: 2\ntheme: calm\n", "version must be 1; it is 2."),
        ("theme: calm\n", "version must be 1; it is None."),
        ("version: 1\ntheme: [\n", "is not valid YAML at line 3."),
        ("a: &a 1\nb: *a\n", "is not valid YAML at line"),
        ("calm", "is not a valid settings file: write version: 1 and theme: calm."),
        ("\x00", "is not valid YAML"),
        ("\udcff", "cannot be read: it is not UTF-8. Correct it, or delete it."),
    ],
)  # fmt: skip
def test_a_settings_file_that_is_not_valid_is_refused_by_name(text: str, said: str) -> None:
    settings_path().parent.mkdir()
    settings_path().write_text(text, encoding="utf-8", errors="surrogateescape")
    with pytest.raises(ValueError, match=r"settings\.yaml") as refused:
        chosen_theme({})
    assert str(refused.value).startswith(str(settings_path()))
    assert said in str(refused.value)


def test_a_theme_of_the_environment_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^AKS_KMS_THEME: there is no theme 'blue'. The themes are: calm, "):
        chosen_theme({THEME: "blue"})
