"""Wrong input of every kind, by the real entry point: answers, names, command lines, scenarios, journals. Each ends in success
or in words with one of the documented exit codes, never in a traceback, and nothing of it reaches a terminal raw."""

import json
import os
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from screens.cli.main import cli
from tests.hostile.effort import share
from tests.hostile.poison import POISON, obeyed
from tests.in_process import Ended, outcome, run
from tests.support import KEY_OPTIONS, answers
from wizard.answers import naming
from wizard.answers.model import decode, from_mapping
from wizard.errors import AnswersError

TEXT = st.text(max_size=30) | st.sampled_from(
    [POISON, "\0", "\x1b[2J", "\u202e", "../../etc", "-", "", " ", "ß" * 300]
)
SCALAR = st.none() | st.booleans() | st.integers(-(10**40), 10**40) | st.floats() | TEXT | st.dates()
ANY = st.recursive(
    SCALAR, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3), max_leaves=5
)
KINDS = [
    answers(key_option, new=new).model_dump(mode="json", exclude_none=True)
    for key_option in KEY_OPTIONS
    for new in (False, True)
]
BAD_FILES = [
    b"",
    b"\xef\xbb\xbf",
    b"\xff\xfe\x00",
    b"\x00",
    b"a: [",
    b"!!python/object/apply:os.system [touch pwned]",
    b"!!python/name:os.system",
    b"version: !!int x",
    b"version: !!timestamp 9999-99-99",
    b"&a [*a]",
    b"a: &a\n  b: *a\n",
    b"? [a, b]\n: c\n",
    b"<<: 5",
    b"version: 1\nversion: 2\n",
    b"%YAML 9.9\n---\na: 1",
    b"--- 1\n--- 2\n",
    b"version: " + b"9" * 5000,
    b"version: 0x" + b"f" * 5000,
    b"version: 1:" + b"59:" * 2000 + b"1",
    b"[" * 1000,
    b"{a: " * 5000,
    b"- " * 20_000,
    b"x" * 300_000,
    b"a: &a [x,x,x,x,x,x,x,x,x]\n" + b"".join(b"%c: &%c [%s]\n" % (98 + n, 98 + n, b",".join([b"*%c" % (97 + n)] * 9)) for n in range(9)),
    b"tags: {" + b",".join(b"t%d: x" % n for n in range(5000)) + b"}",
    POISON.encode("utf-8", "surrogatepass"),
    json.dumps({POISON: POISON}).encode(),
]  # fmt: skip
"""Bytes, bombs, tags, numbers, depths: what breaks a reader of YAML that is not on its guard."""


def bent(body: Any, way: list[int], value: object) -> Any:
    """A mapping with another value, or another key, in some place of it."""
    if not isinstance(body, dict) or not body:
        return value
    names = list(body)
    name = names[way[0] % len(names)] if way else names[0]
    if len(way) > 1:
        return {**body, name: bent(body[name], way[1:], value)}
    return {**body, (str(value)[:40] if way and way[0] % 3 == 0 else name): value}


ODD_ANSWERS = st.builds(
    bent, st.sampled_from(KINDS), st.lists(st.integers(0, 20), min_size=1, max_size=3), ANY
)


@contextmanager
def folder() -> Any:
    with tempfile.TemporaryDirectory() as place:
        yield Path(place)


def in_words(ended: Ended, tally: Counter[str], *codes: int) -> None:
    assert not obeyed(ended.out + ended.err), ended
    assert not codes or ended.code in codes, ended
    tally[outcome(ended)] += 1


@share(3)
@given(
    st.binary(max_size=200)
    | st.sampled_from(BAD_FILES)
    | st.builds(bytes.__add__, st.sampled_from(BAD_FILES[:12]), st.binary(max_size=50))
)
def test_any_bytes_as_answers(tally: Counter[str], data: bytes) -> None:
    judged(tally, lambda: decode(data))


@share(3)
@given(ODD_ANSWERS)
def test_answers_with_anything_in_one_place(tally: Counter[str], body: Any) -> None:
    text = json.dumps(body, default=str).encode()
    judged(tally, lambda: decode(text))
    judged(tally, lambda: from_mapping(body) if isinstance(body, dict) else decode(b""))


def judged(tally: Counter[str], read: Callable[[], object]) -> None:
    mistakes = None
    try:
        read()
    except AnswersError as error:
        mistakes = error.mistakes
    if mistakes is None:
        tally["success"] += 1
        return
    assert mistakes
    assert all(str(mistake).strip() for mistake in mistakes)
    assert sum(len(str(mistake)) for mistake in mistakes) < 50_000
    tally["clear error"] += 1


NAMES = {
    name: rule
    for name, rule in vars(naming).items()
    if callable(rule)
    and getattr(rule, "__module__", "") == "wizard.answers.naming"
    and not name.startswith(("_", "proposed", "free_name", "how_often"))
}


@share(20)
@given(
    st.sampled_from(sorted(NAMES)),
    st.text(max_size=140) | TEXT | st.from_regex(r"[a-zA-Z0-9._()-]{1,130}", fullmatch=True),
)
def test_any_text_as_a_name(tally: Counter[str], kind: str, text: str) -> None:
    why_not = NAMES[kind](text)
    tally["clear error" if why_not else "success"] += 1
    if why_not is None:
        assert not obeyed(text, ""), "what may be a name can be shown"
        assert not set(text) & set("/\\<>%&?#\n") or kind.startswith("tag"), "and can stand in a path"
    else:
        assert 10 < len(why_not) < 1500


@share(0.5)
@given(st.sampled_from(BAD_FILES) | ODD_ANSWERS.map(lambda body: json.dumps(body, default=str).encode()))
def test_bad_answers_by_the_command(tally: Counter[str], data: bytes) -> None:
    with folder() as home:
        (home / "answers.yaml").write_bytes(data)
        in_words(run("script", "-f", "answers.yaml", home=home), tally, 0, 2)
        in_words(run("script", "-f", "-", home=home, stdin=data), tally, 0, 2)
        assert not (home / "pwned").exists()


def every_option(command: click.Command) -> set[str]:
    """Return the names of all options of a command and its subcommands."""
    context = click.Context(command)
    names = {name for parameter in command.get_params(context) for name in parameter.opts if name[0] == "-"}
    subcommands = command.list_commands(context) if isinstance(command, click.Group) else ()
    each = (command.get_command(context, name) for name in subcommands)  # type: ignore[attr-defined]
    return names.union(*(every_option(one) for one in each if one))


WORDS = [
    *("check", "clusters", "plan", "apply", "verify", "rotate", "script", "answers", "runs", "simulator"),
    *("list", "show", "report", "resume", "example", "schema", *KEY_OPTIONS),
    *("--simulate=contoso", "--simulate=nowhere", "--simulate=", "max", "--speed=0", "--speed=nan", "-1", "1e400"),
    *("AzureCloud", "--cloud=x", "--arm-endpoint=https://127.0.0.1:1", "--arm-endpoint=x:y", "environment"),
    *("json", "table", "jsonl", "junit", "--file=-", "-f=x", "answers.yaml", "/", ".", "/dev/null", "full", "none", "P1Y"),
    *("-h", "--", "-", "--nme", "--al", "-x", "-", "\x1b[2J", "\u202e", "[red]", "'", "../../etc/passwd"),
    *sorted(every_option(cli)),
]  # fmt: skip
SERVES = {"simulator"}
"""Commands that do not end by themselves, unless they are asked for a list."""


def ends(words: list[str]) -> bool:
    serves = any(word in SERVES for word in words)
    return not serves or bool({"--list", "--schema", "--help", "-h"} & set(words))


ARGUMENT = st.sampled_from(WORDS) | st.text(
    st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12
)
LINE = st.lists(ARGUMENT, max_size=7).filter(ends)


@share(2)
@given(LINE)
def test_any_command_line(tally: Counter[str], line: list[str]) -> None:
    nobody = {
        "AZURE_CLIENT_ID": "x",
        "AZURE_CLIENT_SECRET": "x",
        "AKS_KMS_ARM_ENDPOINT": "https://127.0.0.1:1",
    }
    with folder() as home:
        (home / "answers.yaml").write_text(answers("platform-managed").to_yaml())
        in_words(run(*line, home=home, environment=nobody), tally)


@share(0.5)
@given(
    st.sampled_from(BAD_FILES).map(lambda data: data[:2000])
    | st.builds(
        bent,
        st.sampled_from([{"description": "x", "extends": "contoso", "principals": {"operator": {}}, "durations": {"feature": 1},
                          "faults": [], "rules": {}, "throttling": {}, "subscriptions": {"22222222-2222-2222-2222-222222222222": {"groups": {}}}}]),
        st.lists(st.integers(0, 20), min_size=1, max_size=3),
        ANY,
    ).map(lambda body: json.dumps(body, default=str).encode())
)  # fmt: skip
@example(b"extends: world.yaml\ndescription: x")
@example(b"extends: ../../../etc/passwd")
@example(b"description: x\nextends: contoso\nprinciples: {}")
def test_any_world(tally: Counter[str], data: bytes) -> None:
    with folder() as home:
        (home / "world.yaml").write_bytes(data)
        ended = run("--simulate=world.yaml", "--speed=max", "clusters", "-o", "json", home=home)
        in_words(ended, tally)
        assert ended.code in {0, 1, 2, 3}, ended


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with one run in its journal."""
    home = tmp_path_factory.mktemp("recorded")
    (home / "answers.yaml").write_text(answers("platform-managed").to_yaml())
    ended = run("--simulate", "--speed=max", "apply", "--yes", "-f", "answers.yaml", home=home)
    assert ended.code == 0, ended
    return home


FILES = ("answers.yaml", "plan.json", "events.jsonl", "run.log", "report.json")
ABOUT_RUNS = (
    ("list",), ("list", "-o", "json"), ("show", "ID"), ("show", "ID", "-o", "json"), ("report", "ID"), ("report", "ID", "-o", "markdown"),
    ("resume", "ID", "--yes", "--simulate", "--speed=max"),
)  # fmt: skip


@share(0.7)
@given(data=st.data())
def test_any_journal(tally: Counter[str], recorded: Path, data: Any) -> None:
    with folder() as home:
        shutil.copytree(recorded / "state", home / "state")
        (path,) = (home / "state/aks-kms/runs").iterdir()
        spoil(data, path / data.draw(st.sampled_from(FILES)))
        for words in data.draw(st.lists(st.sampled_from(ABOUT_RUNS), min_size=2, max_size=3)):
            in_words(
                run("runs", *(path.name if word == "ID" else word for word in words), home=home),
                tally,
                0,
                1,
                2,
            )


def spoil(data: Any, file: Path) -> None:
    """Something that may have become of a file since."""
    old = file.read_bytes()
    match data.draw(
        st.sampled_from(
            ["gone", "cut", "link", "pipe", "folder", "bytes", "bent", "deep", "more", "separators"]
        )
    ):
        case "gone":
            file.unlink()
        case "cut":
            file.write_bytes(old[: data.draw(st.integers(0, len(old)))])
        case "link":
            file.unlink()
            file.symlink_to("/etc/passwd")
        case "pipe":
            file.unlink()
            if sys.platform == "win32":
                raise NotImplementedError
            os.mkfifo(file)
        case "folder":
            file.unlink()
            file.mkdir()
        case "bytes":
            at = data.draw(st.integers(0, len(old) - 1))
            file.write_bytes(old[:at] + data.draw(st.binary(min_size=1, max_size=8)) + old[at:])
        case "bent" if file.suffix != ".log":
            first = old.split(b"\n")[0] if file.suffix == ".jsonl" else old
            body = json.loads(first) if file.suffix != ".yaml" else KINDS[0]
            way = data.draw(st.lists(st.integers(0, 20), min_size=1, max_size=3))
            text = json.dumps(bent(body, way, data.draw(ANY)), default=str).encode()
            file.write_bytes(text + b"\n" + (old if file.suffix == ".jsonl" else b""))
        case "deep":
            file.write_bytes(b'{"a":' * 20_000 + b"1" + b"}" * 20_000 + b"\n")
        case "separators":
            file.write_bytes(old.replace(b" ", "\u2028".encode(), 3))
        case _:
            file.write_bytes(old + b'{"type": 5}\n[]\n')


IDS = st.sampled_from(
    ["../../etc", "../runs", "..", ".", "/etc", "", "a/b", "\x1b[2J", "x" * 5000, "~", "$HOME", "-x"]
) | TEXT.filter(lambda text: "\0" not in text and text.isprintable())


@share(0.5)
@given(IDS)
def test_any_id_of_a_run(tally: Counter[str], recorded: Path, name: str) -> None:
    for words in (("show",), ("report",), ("resume", "--yes")):
        ended = run("runs", *words, "--", name, home=recorded)
        in_words(ended, tally, 2)
        assert "There is no run" in ended.err, ended
