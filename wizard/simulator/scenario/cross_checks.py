"""What no single key of a scenario file can say by itself: names have to be known, and what belongs together has to fit."""

import difflib
from collections.abc import Collection, Iterator, Mapping

from wizard.simulator.scenario.access import EVERYONE
from wizard.simulator.scenario.model import Scenario

_SIGNS_IN = {"sign_in": "application", "device_code": "user", "managed_identity": "managed-identity"}


def nearest(name: str, known: Collection[str], all_of_them: str = "Known") -> str:
    """The remedy for a name that is not known: the one that comes nearest, or all that there are, under that heading."""
    close = difflib.get_close_matches(name, sorted(known), n=1)
    return f"Did you mean {close[0]}?" if close else f"{all_of_them}: {', '.join(sorted(known))}."


def check(scenario: Scenario) -> None:
    """Pass, or raise ValueError: it names the place, the name, and the nearest one that is known."""
    _check_who_signs_in(scenario)
    _check_principals(scenario)
    _check_regions(scenario)
    _check_versions(scenario)
    _check_vaults(scenario)
    for group, members in scenario.management_groups.items():
        for subscription in members:
            if scenario.fleet is None and subscription not in scenario.subscriptions:
                raise ValueError(
                    f"the management group '{group}' has the subscription '{subscription}', which `subscriptions` does not have. "
                    f"{nearest(subscription, scenario.subscriptions)}"
                )


def _check_who_signs_in(scenario: Scenario) -> None:
    for field, kind in _SIGNS_IN.items():
        name = getattr(scenario, field)
        if not name and field == "managed_identity":
            continue
        if name not in scenario.principals:
            raise ValueError(
                f"`{field}` names the principal '{name}', which `principals` does not have. {nearest(name, scenario.principals)}"
            )
        found = scenario.principals[name].kind
        if found == "group":
            raise ValueError(f"`{field}` names the group '{name}', and groups cannot sign in")
        if found != kind:
            raise ValueError(
                f"`{field}` names '{name}', whose kind is {found}, and needs a principal of the kind {kind}"
            )


def _check_principals(scenario: Scenario) -> None:
    named = [(f"group '{group}'", each.members) for group, each in scenario.principals.items()]
    named += [
        (f"deny assignment '{name}'", [*(who for who in each.principals if who != EVERYONE), *each.exclude])
        for name, each in scenario.deny_assignments.items()
    ]
    for place, names in named:
        for name in names:
            if name not in scenario.principals and not name.startswith("/"):
                raise ValueError(
                    f"the {place} names '{name}', which `principals` does not have. {nearest(name, scenario.principals)}"
                )


def _check_regions(scenario: Scenario) -> None:
    for place, region in _regions(scenario):
        if region and region not in scenario.locations:
            raise ValueError(
                f"{place} names the region '{region}', which `locations` does not have. {nearest(region, scenario.locations)}"
            )


def _regions(scenario: Scenario) -> Iterator[tuple[str, str]]:
    """Every region that is named, and where; "" where a resource is in its group's region."""
    yield from (("`quotas.in_region`", region) for region in scenario.quotas.in_region)
    yield from (("`no_user_assigned_identity`", region) for region in scenario.no_user_assigned_identity)
    yield from (
        (f"`not_offered` of {kind}", each) for kind, found in scenario.not_offered.items() for each in found
    )
    yield from (
        ("`fleet.locations`", region) for region in (scenario.fleet.locations if scenario.fleet else ())
    )
    for subscription in scenario.subscriptions.values():
        for name, group in subscription.groups.items():
            yield f"the group '{name}'", group.location
            for resources in (group.identities, group.vaults, group.clusters):
                yield from (
                    (f"'{each}' in the group '{name}'", held.location) for each, held in resources.items()
                )


def check_types(scenario: Scenario, known: Mapping[str, Collection[str]]) -> None:
    """Raise ValueError if the scenario names a namespace or a resource type that is not in `known`: types by namespace."""
    known_types = [f"{namespace}/{kind}" for namespace, kinds in known.items() for kind in kinds]
    types = {kind.lower() for kind in known_types}
    for kind in scenario.not_offered:
        if kind.lower() not in types:
            raise ValueError(
                f"`not_offered` names the resource type '{kind}', which is not known. {nearest(kind, known_types)}"
            )
    namespaces = {namespace.lower() for namespace in known}
    for subscription_id, subscription in scenario.subscriptions.items():
        for namespace in subscription.providers:
            if namespace.lower() not in namespaces:
                raise ValueError(
                    f"`providers` of the subscription {subscription_id} names the namespace '{namespace}', which is not known. "
                    f"{nearest(namespace, known)}"
                )


def _check_versions(scenario: Scenario) -> None:
    for minor, entry in scenario.kubernetes_versions.items():
        for patch in entry.patches:
            if not patch.startswith(f"{minor}."):
                raise ValueError(
                    f"`kubernetes_versions.{minor}` has the patch version '{patch}', which is of another minor version"
                )
    defaults = [minor for minor, entry in scenario.kubernetes_versions.items() if entry.default]
    if len(defaults) != 1:
        raise ValueError(
            f"`kubernetes_versions` has {', '.join(defaults) or 'no version'} with `default: true`, and needs it at exactly one"
        )


def _check_vaults(scenario: Scenario) -> None:
    """Vault names are global, whatever their case."""
    held = dict.fromkeys((name.lower() for name in scenario.taken_vault_names), "`taken_vault_names`")
    for subscription in scenario.subscriptions.values():
        for group_name, group in subscription.groups.items():
            for name in group.vaults:
                place = f"the group '{group_name}'"
                if name.lower() in held:
                    raise ValueError(
                        f"{place} has the vault '{name}', and so has {held[name.lower()]}: vault names are global"
                    )
                held[name.lower()] = place
