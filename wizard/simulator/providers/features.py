"""Preview features of a subscription (Microsoft.Features, docs/azure.md#preview-features)."""

from wizard.simulator.arm.provider import Provider
from wizard.simulator.protocol.wire import Answer, Call, Json, Refusal
from wizard.simulator.state.world import World, scheduled_handler

provider = Provider(
    "Microsoft.Features",
    ("2015-12-01", "2021-07-01"),
    types=("features", "providers"),
    registration_free=True,
)
_ONE = "/subscriptions/{subscription}/providers/Microsoft.Features/providers/{namespace}/features/{feature}"


def _key(call: Call) -> str:
    return "/".join(call.names[part] for part in ("subscription", "namespace", "feature")).lower()


def _name(world: World, key: str) -> str:
    """Return `NAMESPACE/FEATURE` as the scenario writes it."""
    subscription, _, name = key.partition("/")
    written = {entry.lower(): entry for entry in world.scenario.subscriptions[subscription].features}
    return written.get(name, name)


def _show(world: World, key: str) -> Json:
    subscription, name = key.partition("/")[0], _name(world, key)
    namespace, _, feature = name.partition("/")
    return {
        "properties": {"state": world.state.features[key]},
        "id": f"/subscriptions/{subscription}/providers/Microsoft.Features/providers/{namespace}/features/{feature}",
        "type": "Microsoft.Features/providers/features",
        "name": name if world.scenario.rules.feature_name == "full" else feature,
    }


def _existing(world: World, call: Call) -> str:
    key = _key(call)
    if key not in world.state.features:
        raise Refusal(
            404,
            world.scenario.rules.unknown_feature_code,
            f"The feature '{call.names['feature']}' could not be found.",
        )
    return key


@provider.on("GET", _ONE, "Microsoft.Features/providers/features/read")
async def get_feature(world: World, call: Call) -> Answer:
    """Return one feature."""
    return Answer(200, _show(world, _existing(world, call)))


@provider.on("POST", f"{_ONE}/register", "Microsoft.Features/providers/features/register/action")
async def register_feature(world: World, call: Call) -> Answer:
    """Register a feature. It is Registering, later Registered, or Pending if Microsoft must approve it."""
    key = _existing(world, call)
    if world.state.features[key] in {"NotSpecified", "NotRegistered", "Unregistered", "Unregistering"}:
        if world.scenario.rules.feature_needs_approval:
            _set(world, key, "Pending")
        else:
            _set(world, key, "Registering")
            world.later(world.scenario.durations.feature, "feature-settled", key=key)
    return Answer(200, _show(world, key))


def _set(world: World, key: str, state: str) -> None:
    world.state.features[key] = state
    world.changed = True


@scheduled_handler("feature-settled")
def _finish(world: World, facts: dict[str, str]) -> None:
    if world.state.features.get(facts["key"]) == "Registering":
        _set(world, facts["key"], "Registered")


def enabled(world: World, subscription: str, feature: str) -> bool:
    """Return whether a resource provider honours the feature `NAMESPACE/NAME` in the subscription.

    A scenario may require that the provider is re-registered after the feature (users reported this: Azure/AKS#2463). If the
    feature does not exist, or no longer exists, no registration is needed.
    """
    key = f"{subscription}/{feature}".lower()
    if key not in world.state.features:
        return True
    states = (
        world.state.refreshed if world.scenario.rules.feature_needs_provider_refresh else world.state.features
    )
    return states.get(key) == "Registered"
