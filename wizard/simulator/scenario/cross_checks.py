"""Checks across the parts of a scenario: names refer to something that exists, and related values are consistent."""

import difflib
from collections.abc import Collection, Iterator, Mapping

from wizard.simulator.scenario.access import EVERYONE
from wizard.simulator.scenario.model import Scenario

_KINDS = {"sign_in": "application", "device_code": "user", "managed_identity": "managed-identity"}


def nearest(name: str, known: Collection[str], all_of_them: str = "Known") -> str:
    """Return a suggestion for an unknown name: the closest known one, or all of them under this heading."""
    close = difflib.get_close_matches(name, sorted(known), n=1)
    return f"Did you mean {close[0]}?" if close else f"{all_of_them}: {', '.join(sorted(known))}."


def check(scenario: Scenario) -> None:
    """Raise ValueError, with the place, the name and the closest known name, for the first inconsistency."""
    _check_sign_in(scenario)
    _check_principals(scenario)
    _check_regions(scenario)
    _check_versions(scenario)
    _check_vaults(scenario)


def _check_sign_in(scenario: Scenario) -> None:
    for field, kind in _KINDS.items():
        name = getattr(scenario, field)
        if not name and field == "managed_identity":
            continue
        if name not in scenario.principals:
            raise ValueError(
                f"`{field}` names the principal '{name}', which is not in `principals`. {nearest(name, scenario.principals)}"
            )
        found = scenario.principals[name].kind
        if found == "group":
            raise ValueError(f"`{field}` names the group '{name}', and groups cannot sign in.")
        if found != kind:
            raise ValueError(
                f"`{field}` names '{name}', whose kind is {found}; a principal of the kind {kind} is required."
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
                    f"the {place} names '{name}', which is not in `principals`. {nearest(name, scenario.principals)}"
                )


def _check_regions(scenario: Scenario) -> None:
    for place, region in _regions(scenario):
        if region and region not in scenario.locations:
            raise ValueError(
                f"{place} names the region '{region}', which is not in `locations`. {nearest(region, scenario.locations)}"
            )


def _regions(scenario: Scenario) -> Iterator[tuple[str, str]]:
    """Yield each place that names a region, and the region; "" if a resource is in the region of its group."""
    yield from (("`quotas.in_region`", region) for region in scenario.quotas.in_region)
    yield from (("`quotas.vcpus`", region) for region in scenario.quotas.vcpus)
    yield from (
        (f"`vm_sizes.{name}`", region)
        for name, size in scenario.vm_sizes.items()
        for region in (*size.not_offered, *size.restricted)
    )
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
                f"`not_offered` names the resource type '{kind}', which is unknown. {nearest(kind, known_types)}"
            )
    namespaces = {namespace.lower() for namespace in known}
    for subscription_id, subscription in scenario.subscriptions.items():
        for namespace in subscription.providers:
            if namespace.lower() not in namespaces:
                raise ValueError(
                    f"`providers` of the subscription {subscription_id} names the namespace '{namespace}', which is unknown. "
                    f"{nearest(namespace, known)}"
                )


def _check_versions(scenario: Scenario) -> None:
    for minor, entry in scenario.kubernetes_versions.items():
        for patch in entry.patches:
            if not patch.startswith(f"{minor}."):
                raise ValueError(
                    f"`kubernetes_versions.{minor}` has the patch version '{patch}', which belongs to another minor version."
                )
    defaults = [minor for minor, entry in scenario.kubernetes_versions.items() if entry.default]
    if len(defaults) != 1:
        raise ValueError(
            f"`kubernetes_versions` has {', '.join(defaults) or 'no version'} with `default: true`; exactly one is required."
        )


def _check_vaults(scenario: Scenario) -> None:
    """Raise ValueError for a vault name that is used twice: vault names are global and case-insensitive."""
    held = dict.fromkeys((name.lower() for name in scenario.taken_vault_names), "`taken_vault_names`")
    for subscription in scenario.subscriptions.values():
        for group_name, group in subscription.groups.items():
            for name in group.vaults:
                place = f"the group '{group_name}'"
                if name.lower() in held:
                    raise ValueError(
                        f"{place} has the vault '{name}', which is also in {held[name.lower()]}; vault names are global."
                    )
                held[name.lower()] = place
