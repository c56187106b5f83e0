"""Every field of the answers survives the wizard: its draft, its forms, an answers file, and the resuming of a run.

The fields come from the model, so that a new one that the wizard would lose fails here.
"""

import types
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Literal, Union, get_args, get_origin

import pytest
from pydantic import BaseModel
from textual.app import App

from screens.pages import new_cluster
from screens.pages.vault_entries import entries, form_of
from screens.session.draft import Draft
from screens.session.tags import format_tags, parse_tags
from screens.widgets.fields import Choice, Entry, Field
from screens.widgets.picker import Row
from tests import facts
from tests.support import DEVELOPMENT, answers, cluster_id
from wizard.answers.model import Answers, from_mapping, parse
from wizard.cloud.azure import Subscription
from wizard.cloud.inventory import ClusterRow, cluster_row
from wizard.errors import AnswersError

TEXTS = ("other-name", "othername1", "P90D", "1.33", DEVELOPMENT, "Standard_D4ds_v5", "westeurope")
"""One of them is a valid value for any text in the answers."""

TAGS = {"team": "a, b", "a=b": "c=d", 'quoted "name"': ' "x" ', "empty": "", "path": "c:\\d"}

BASES = {
    "platform-managed, new": answers("platform-managed", new=True),
    "platform-managed, existing": answers("platform-managed"),
    "private, new": answers("customer-managed-private", new=True),
    "private, existing": answers("customer-managed-private"),
    "public, existing": answers("customer-managed-public"),
}

Path = tuple[str, ...]


def leaves(model: type[BaseModel], above: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every field that holds a value of its own, with its annotation."""
    for name, field in model.model_fields.items():
        inner = [
            each for each in parts(field.annotation) if isinstance(each, type) and issubclass(each, BaseModel)
        ]
        if inner:
            yield from leaves(inner[0], (*above, name))
        else:
            yield (*above, name), field.annotation


def parts(annotation: Any) -> tuple[Any, ...]:
    """The members of a union, or the annotation itself; without the annotations of pydantic."""
    if get_origin(annotation) in {Union, types.UnionType}:
        return tuple(each for member in get_args(annotation) for each in parts(member))
    return (annotation.__origin__,) if hasattr(annotation, "__metadata__") else (annotation,)


def candidates(annotation: Any) -> list[Any]:
    """Values to try for a field."""
    found: list[Any] = []
    for part in parts(annotation):
        if get_origin(part) is Literal:
            found += get_args(part)
        elif part is bool:
            found += [True, False]
        elif part is int:
            found += [5]
        elif part is str:
            found += TEXTS
        elif get_origin(part) is dict:
            found += [TAGS]
    return found


def changed(base: Answers, path: Path, value: Any) -> Answers | None:
    """The answers with another value there; None if they have no such place or the value is not valid."""
    data = base.model_dump(mode="json", exclude_none=True)
    place: Any = data
    for name in path[:-1]:
        place = place.get(name)
        if not isinstance(place, dict):
            return None
    place[path[-1]] = value
    try:
        return from_mapping(data)
    except AnswersError:
        return None


def variants(path: Path, annotation: Any) -> list[Answers]:
    """The answers with another value there: for every base that has the field, each value of a closed set, or one."""
    found = []
    for base in BASES.values():
        others = [changed(base, path, value) for value in candidates(annotation)]
        valid = [other for other in others if other is not None and other != base]
        found += valid if is_closed(annotation) else valid[:1]
    return found


def is_closed(annotation: Any) -> bool:
    """Whether a field has a few values only."""
    return any(get_origin(part) is Literal for part in parts(annotation))


VARIANTS = {path: variants(path, annotation) for path, annotation in leaves(Answers)}
FIXED = {("version",), ("key_option",)}
"""One value only, and one that comes with the parts of the answers: the bases have both values."""
CASES = [
    pytest.param(list(BASES.values()), id="as they are"),
    *(pytest.param(found, id=".".join(path)) for path, found in VARIANTS.items() if found),
]


@pytest.mark.parametrize("path", VARIANTS, ids=".".join)
def test_every_field_is_given_another_value(path: Path) -> None:
    assert VARIANTS[path] or path in FIXED, f"add a valid value for {'.'.join(path)} to TEXTS"


def resumed(chosen: Answers) -> Draft:
    """The draft of an earlier run with these answers."""
    own = Subscription(chosen.subscription, "Contoso", "t", "Enabled")
    row: ClusterRow | None = None
    if not chosen.cluster.create:
        body = facts.cluster() | {
            "id": cluster_id(chosen.cluster.name, chosen.resource_group, chosen.subscription),
            "name": chosen.cluster.name,
            "location": chosen.location,
        }
        row = cluster_row(body, own)
    return Draft.of(chosen, own, row)


def edited(chosen: Answers) -> Draft:
    """The same after a change, so that the answers are made of the draft again."""
    return replace(resumed(chosen), original=None)


_shown: dict[tuple[str | None, str], str] = {}


async def shown(app: App[None], entry: Entry) -> str:
    """Return the value that an entry has on the screen. An entry with the same value as an earlier one is not shown again."""
    assert isinstance(entry, Field | Choice)
    given = entry.value if isinstance(entry, Field) else entry._last
    if (entry.id, given) not in _shown:
        await app.mount(entry)
        _shown[entry.id, given] = entry.value
        await entry.remove()
    return _shown[entry.id, given]


async def no_groups() -> list[Row]:
    return []


@pytest.mark.parametrize("all_chosen", CASES)
class TestAnswersComeBackAsTheyWere:
    def test_from_a_file(self, all_chosen: list[Answers]) -> None:
        for chosen in all_chosen:
            assert parse(chosen.to_yaml()) == chosen

    def test_from_a_resumed_run(self, all_chosen: list[Answers]) -> None:
        for chosen in all_chosen:
            assert resumed(chosen).answers() == chosen

    def test_from_the_draft(self, all_chosen: list[Answers]) -> None:
        for chosen in all_chosen:
            assert edited(chosen).answers() == chosen

    def test_from_the_form_for_a_new_cluster(self, all_chosen: list[Answers]) -> None:
        for chosen in all_chosen:
            draft, form = edited(chosen), edited(chosen).new_cluster
            typed = {
                "name": form.name,
                "group": form.resource_group,
                "region": form.location,
                "nodes": form.node_count,
            }
            for version in (None, form.version):
                again = new_cluster.form_of(form, typed, version)
                assert replace(draft, new_cluster=again).answers() == chosen

    async def test_from_the_form_for_vault_and_key(self, all_chosen: list[Answers]) -> None:
        app = App[None]()
        async with app.run_test():
            for chosen in all_chosen:
                draft = edited(chosen)
                typed = {str(each.id): await shown(app, each) for each in entries(draft, no_groups)}
                for loading in ((), ("vault", "key", "identity")):
                    form = form_of(draft, typed, None, None, None, loading=loading)
                    answers = replace(draft, vault=form).answers()
                    assert answers == chosen if chosen.vault else answers.vault is None


def test_tags_are_read_back_from_their_text() -> None:
    assert parse_tags(format_tags(TAGS)) == TAGS
