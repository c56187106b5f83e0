"""The how-to's commands, taken from its text, compared with ours: option by option, in order.

Both are run by the same shell with the same Azure CLI that only writes down its calls, so that variables are what they
expand to. Every difference is in one table, with its reason; a difference that is not there fails, and so does an entry
that no case shows.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import pairwise
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from tests.stub_az import named, run_plan
from tests.support import PRODUCTION, KeyOption, answers, scenario_file, signed_in
from wizard.answers.model import Answers
from wizard.procedure.planning import read_snapshot
from wizard.procedure.script import script
from wizard.state.target import Target

TEXT: dict[str, dict[str, list[str]]] = YAML(typ="safe", pure=True).load(
    Path(__file__).with_name("how_to.yaml").read_text()
)

PREPARED = [("every", "Register the feature flag"), ("every", "Set up environment variables")]
PRIVATE = [
    ("cmk-private", "Create a key vault and key with trusted services access"),
    ("cmk-private", "Create a user-assigned managed identity"),
]
PUBLIC = [
    ("cmk-public", "Create a key vault and key"),
    ("cmk-public", "Create a user-assigned managed identity"),
]
LETTER: dict[str, Any] = {"key": {"create_through": "key-vault"}}


@dataclass(frozen=True)
class Case:
    """One scenario of the how-to: the headings that a reader follows, and the answers for it."""

    headings: list[tuple[str, str]]
    answers: Answers
    world: dict[str, Any] | None = None
    """The existing resources, merged into the group `rg-demo`; None for the script without a live state."""


def case(
    key_option: KeyOption,
    pivot: str,
    title: str,
    before: list[tuple[str, str]] | None = None,
    *,
    there: dict[str, Any] | None = None,
    at: str = "",
    **more: Any,
) -> Case:
    headings = [*PREPARED, *(before or []), (at or pivot, title), (pivot, "Verify KMS configuration")]
    return Case(headings, answers(key_option, **more), there)


CASES = {
    "pmk, new": case(
        "platform-managed", "pmk", "Create a new AKS cluster with platform-managed keys", new=True
    ),
    "pmk, existing": case("platform-managed", "pmk", "Enable platform-managed keys on an existing cluster"),
    "cmk-private, new": case(
        "customer-managed-private",
        "cmk-private",
        "Create a new AKS cluster with customer-managed keys (private)",
        PRIVATE,
        new=True,
        **LETTER,
    ),
    "cmk-private, existing": case(
        "customer-managed-private",
        "cmk-private",
        "Enable customer-managed keys on an existing cluster (private)",
        PRIVATE,
        **LETTER,
    ),
    "cmk-public, new": case(
        "customer-managed-public",
        "cmk-public",
        "Create a new AKS cluster with customer-managed keys",
        PUBLIC,
        new=True,
    ),
    "cmk-public, existing": case(
        "customer-managed-public", "cmk-public", "Enable customer-managed keys on an existing cluster", PUBLIC
    ),
    "platform-managed to customer-managed": case(
        "customer-managed-public",
        "cmk-public",
        "Migrate from platform-managed keys to customer-managed keys",
        PUBLIC,
        at="every",
        there={"clusters": {"aks-demo": {"encryption": {"platform_managed": True}}}},
    ),
    "customer-managed to platform-managed": case(
        "platform-managed",
        "pmk",
        "Migrate from customer-managed keys to platform-managed keys",
        at="every",
        there={
            "identities": {"id-old": {}},
            "vaults": {"kv-old": {"keys": {"key-old": {}}, "access": {"id-old": ["Key Vault Crypto User"]}}},
            "clusters": {
                "aks-demo": {
                    "identity": "id-old",
                    "encryption": {"key": "kv-old/key-old", "network": "Public"},
                }
            },
        },
    ),
}

DEVIATIONS = {
    "account set: earlier": "the feature is registered in a subscription: in the one that was chosen, not in the last one used",
    "feature show: also": "waits until it says Registered, as the how-to's reader is told to",
    "ad signed-in-user show: also": "asks whether a user is signed in before anything is changed; of an application, it fails",
    "keyvault key list: also": "waits until the new role has taken effect, before which no key can be created",
    "aks get-versions: also": "asks which versions the region offers: 1.33.0 is not offered for ever",
    "aks create: --kubernetes-version 1.33.0 -> 1.34": "the newest of them; a configured version is used unchanged",
    "aks update: also --enable-managed-identity": "without it the Azure CLI refuses --assign-identity",
    "aks update: also --yes": "with it the Azure CLI asks whether the identity may be changed; nobody is there to answer",
    "keyvault create: also --enable-purge-protection true": (
        "a key that is purged takes the cluster's secrets with it; can be declined in the answers"
    ),
    "keyvault key create: also --kty RSA": "as `apply` sends it; it is the Azure CLI's default too",
    "keyvault key create: also --size 3072": "the same key as `apply` makes; the Azure CLI's default is 2048",
    "keyvault key create: also --ops encrypt decrypt wrapKey unwrapKey": (
        "the same key as `apply` makes; the Azure CLI's default lets it sign and verify as well"
    ),
    "group show: also": 'creating a group that exists would take its tags away; the how-to says "if it doesn\'t exist"',
    # with --live, from the live state
    "group create: not": "the group exists: creating it again would take its tags away",
    "keyvault create: also --location westus2": "the group exists, and may be in another region than configured",
    "identity create: also --location westus2": "the same",
    "ad signed-in-user show: not": "an application is signed in, and Graph's /me knows users only",
    "role assignment create Key Vault Crypto Officer: --assignee-object-id me -> 44444444-4444-4444-4444-4444444444aa": "the same",
    "role assignment create Key Vault Crypto Officer: --assignee-principal-type User -> ServicePrincipal": "the same",
}
"""Every difference between a script and the how-to, with its reason."""

PLACEHOLDERS = {
    "<your-subscription-id>": PRODUCTION,
    "<your-resource-group>": "rg-demo",
    "<your-location>": "westus2",
    "<your-key-vault-name>": "kv-demo",
    "<your-key-name>": "aks-kms",
    "<your-identity-name>": "id-aks-demo",
}


def as_written(chosen: Case) -> str:
    """Return what a reader of the how-to types: its blocks in sequence, with the names filled in."""
    blocks = [block for pivot, title in chosen.headings for block in TEXT[pivot][title]]
    text = "set -e\n" + "\n".join(blocks)
    for placeholder, name in {
        **PLACEHOLDERS,
        "<your-cluster-name>": chosen.answers.cluster.name,
    }.items():
        text = text.replace(placeholder, name)
    assert "<your-" not in text
    return text


async def as_printed(chosen: Case, folder: Path) -> str:
    if chosen.world is None:
        return script(chosen.answers)
    place = scenario_file(folder, subscriptions={PRODUCTION: {"groups": {"rg-demo": chosen.world}}})
    async with signed_in(place) as (_, azure):
        snapshot = await read_snapshot(azure, Target(chosen.answers, azure.cloud.vault_suffix))
    return script(chosen.answers, snapshot=snapshot)


def differences(theirs: list[list[str]], ours: list[list[str]]) -> Iterator[str]:
    """Yield the differences of our calls, option by option; the order counts."""
    before, after = [named(call) for call in theirs], [named(call) for call in ours]
    left_out, added = [], []
    for kind, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind == "equal":
            for one, other in zip(theirs[a:b], ours[c:d], strict=True):
                yield from options_differ(named(one), options(one), options(other))
        else:
            left_out += before[a:b]
            added += after[c:d]
    for name in set(left_out) & set(added):
        place = "earlier" if after.index(name) < before.index(name) else "later"
        yield f"{name}: {place}"
        yield from options_differ(name, options(theirs[before.index(name)]), options(ours[after.index(name)]))
    yield from (f"{name}: also" for name in set(added) - set(left_out))
    yield from (f"{name}: not" for name in set(left_out) - set(added))


def options(call: list[str]) -> list[tuple[str, ...]]:
    """Return a call's options in order, each with its values."""
    starts = [i for i, word in enumerate(call) if word.startswith("-")]
    return [tuple(call[a:b]) for a, b in pairwise([*starts, len(call)])]


def options_differ(name: str, theirs: list[tuple[str, ...]], ours: list[tuple[str, ...]]) -> Iterator[str]:
    before, after = [option[0] for option in theirs], [option[0] for option in ours]
    for kind, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind == "equal":
            for one, other in zip(theirs[a:b], ours[c:d], strict=True):
                if one != other:
                    yield f"{name}: {' '.join(one)} -> {' '.join(other[1:])}"
        else:
            yield from (f"{name}: not {' '.join(option)}" for option in theirs[a:b])
            yield from (f"{name}: also {' '.join(option)}" for option in ours[c:d])


async def found(chosen: Case, folder: Path) -> list[str]:
    theirs = run_plan(as_written(chosen), folder)
    ours = run_plan(await as_printed(chosen, folder), folder)
    assert any(call[0] == "aks" for call in theirs)
    return list(differences(theirs, ours))


async def test_every_difference_has_a_reason_and_every_reason_belongs_to_a_difference(tmp_path: Path) -> None:
    shown = {name: await found(chosen, tmp_path) for name, chosen in CASES.items()}
    unexplained = {name: [each for each in of if each not in DEVIATIONS] for name, of in shown.items()}
    assert {name: of for name, of in unexplained.items() if of} == {}, (
        "a step that is not in the how-to has no `commands` without a snapshot; or add the reason to DEVIATIONS"
    )
    assert set(DEVIATIONS) - {each for of in shown.values() for each in of} == set()


def test_the_comparison_detects_every_kind_of_difference() -> None:
    theirs = [["a", "--x", "1", "--y", "2"], ["b", "--z"], ["c", "--q"], ["d", "--q"]]
    ours = [["c", "--q"], ["a", "--y", "3", "--x", "1"], ["e", "--q"], ["d", "--q", "--r"]]
    seen = set(differences(theirs, ours))
    assert {"b: not", "e: also", "c: earlier", "d: also --r"} <= seen
    assert {"a: not --y 2", "a: also --y 3"} <= seen


def test_a_configured_version_gives_the_how_tos_exact_commands(tmp_path: Path) -> None:
    chosen = CASES["pmk, new"]
    letter = Case(
        chosen.headings,
        answers("platform-managed", new=True, cluster={"create": {"kubernetes_version": "1.33.0"}}),
    )
    assert set(
        differences(run_plan(as_written(letter), tmp_path), run_plan(script(letter.answers), tmp_path))
    ) == {"account set: earlier", "feature show: also", "group show: also"}
