"""Responses of any shape, and of none: a command reports each one in words."""

import json
import math
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.hostile.effort import share
from tests.hostile.poison import obeyed
from tests.in_process import Ended, outcome, run
from tests.support import KeyOption, answers
from tests.survival.command import plain
from wizard.simulator import Simulator

DEEP = 10_000
SHAPES = {
    "nothing": "",
    "null": "null",
    "a list": "[]",
    "text": '"x"',
    "a number": "1",
    "yes": "true",
    "a zero byte": "\0",
    "objects in objects": '{"a":' * DEEP + "1" + "}" * DEEP,
    "lists in lists": "[" * DEEP + "]" * DEEP,
    "a number of 5,000 digits": '{"value":' + "9" * 5000 + "}",
    "a name of a megabyte": '{"name":"' + "A" * 1_000_000 + '"}',
    "a value that is null": '{"value":null}',
    "a value that is an object": '{"value":{}}',
    "a list of null": '{"value":[null]}',
    "a list of numbers": '{"value":[1]}',
    "a list of texts": '{"value":["x"]}',
    "a list of lists": '{"value":[[]]}',
    "a list of empty objects": '{"value":[{}]}',
    "properties that are a list": '{"properties":[]}',
    "properties that are text": '{"properties":"x"}',
    "properties that are null": '{"properties":null,"id":null,"name":null}',
    "everything of another type": '{"id":5,"name":[],"type":{},"location":7,"tags":[],"identity":"x","properties":[]}',
    "no number": '{"value":NaN,"properties":Infinity}',
    "an empty object": "{}",
    "a next page that is a number": '{"value":[],"nextLink":5}',
    "a next page that is nowhere": '{"value":[],"nextLink":"x:y"}',
    "half an answer": '{"value":[{"id":"',
    "a web page": "<html><script>alert(1)</script></html>",
}  # fmt: skip
NOT_TEXT = "//79gICAwK+fkg=="
"""Base64 of bytes that are not UTF-8."""
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.text(max_size=5) | st.just(1e308),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)
SETS_OUT = ("/oauth2/", "/metadata/", "openid", "/discovery")
"""Requests of the sign-in, which Microsoft's library sends, not `wizard.cloud`."""
COMMANDS: dict[KeyOption, tuple[str, ...]] = {
    "platform-managed": ("apply", "--yes", "-o", "jsonl"),
    "customer-managed-private": ("plan", "-o", "json"),
    "customer-managed-public": ("apply", "--yes"),
}


def asking(key_option: KeyOption, simulator: Simulator, folder: Path) -> Ended:
    """Run the key option's command against that Azure."""
    (folder / "answers.yaml").write_text(answers(key_option).to_yaml())
    command, *options = COMMANDS[key_option]
    return run(command, "-f", "answers.yaml", *options, home=folder, environment=simulator.environment)


@contextmanager
def served(*faults: dict[str, Any]) -> Iterator[Simulator]:
    """A fresh Contoso in which these strike."""
    simulator = Simulator(speed=math.inf)
    simulator.start()
    try:
        simulator.inject_faults(*faults)
        yield simulator
    finally:
        simulator.stop()


@cache
def exchanged(key_option: KeyOption) -> tuple[tuple[str, str, str], ...]:
    """What the command asks on a key option, in an order that is the same each time: method, path (an id that is generated each
    time is `*`) and the true answer, as JSON, of each request that is answered."""
    with TemporaryDirectory() as folder, served() as simulator:
        assert asking(key_option, simulator, Path(folder)).code == 0
        asked = {
            (r.method, plain(r.path)): json.dumps(r.response)
            for r in simulator.requests
            if r.response and not any(part in r.path for part in SETS_OUT)
        }
    return tuple((*request, true) for request, true in sorted(asked.items()))


def told_in_words(key_option: KeyOption, fault: dict[str, Any], folder: Path, tally: Counter[str]) -> None:
    """A command, in a scenario with that fault, ends in success or with a message, without control sequences for a terminal."""
    with served(fault) as simulator:
        ended = asking(key_option, simulator, folder)
        assert simulator.fault_counts() != [0], "the fault was met by nothing"
    assert not obeyed(ended.out + ended.err)
    tally[outcome(ended)] += 1


@share(0.2)
@given(data=st.data())
def test_another_shape_in_the_place_of_an_answer(data: Any, tmp_path: Path, tally: Counter[str]) -> None:
    key_option = data.draw(st.sampled_from(list(COMMANDS)), "key_option")
    method, path, _ = data.draw(st.sampled_from(exchanged(key_option)), "request")
    shape = data.draw(st.sampled_from([*SHAPES, "not text"]), "shape")
    status = data.draw(st.sampled_from([200, 200, 200, 201, 202, 400, 404, 409]), "status")
    raw = {"base64": NOT_TEXT} if shape == "not text" else {"text": SHAPES[shape]}
    fault = {"match": {"method": method, "path": path}, "raw": {**raw, "status": status}}
    told_in_words(key_option, fault, tmp_path, tally)


@share(0.2)
@given(data=st.data())
def test_the_true_answer_with_something_else_in_one_place(
    data: Any, tmp_path: Path, tally: Counter[str]
) -> None:
    key_option = data.draw(st.sampled_from(list(COMMANDS)), "key_option")
    method, path, true = data.draw(st.sampled_from(exchanged(key_option)), "request")
    body = json.loads(true)
    place = data.draw(st.sampled_from(list(places(body))), "place")
    put(body, place, data.draw(JSON, "in its place"))
    fault = {
        "match": {"method": method, "path": path},
        "raw": {
            "text": json.dumps(body),
            "status": 201 if method == "PUT" and key_option != "platform-managed" else 200,
        },
    }
    told_in_words(key_option, fault, tmp_path, tally)


def places(body: object, way: tuple[Any, ...] = ()) -> Any:
    """The way to every value in a JSON value, but itself."""
    inner = body.items() if isinstance(body, dict) else enumerate(body) if isinstance(body, list) else ()
    for name, value in inner:
        yield (*way, name)
        yield from places(value, (*way, name))


def put(body: Any, place: tuple[Any, ...], value: object) -> None:
    *way, last = place
    for name in way:
        body = body[name]
    body[last] = value
