"""What the cards of the key option say of a cluster that is encrypted already."""

import pytest

from screens.pages.key_option import OPTIONS, Option, _moves
from tests.facts import CUSTOMER_MANAGED, LEGACY, PLATFORM_MANAGED, cluster
from tests.support import PRODUCTION
from wizard.cloud.arm import Json
from wizard.cloud.azure import Subscription
from wizard.cloud.inventory import cluster_row

HERE = Subscription(PRODUCTION, "Contoso Production", "t", "Enabled")
PLATFORM, PRIVATE, PUBLIC = OPTIONS
AGAIN = "sends the whole cluster again, which often repairs it"


def said(profile: Json | None, option: Option, state: str = "Succeeded") -> dict[str, str]:
    row = cluster_row(cluster(profile, provisioningState=state), HERE)
    return dict(_moves(row, option, "a platform-managed key"))


def test_a_row_that_names_no_key_says_nothing_of_one() -> None:
    assert said(None, PLATFORM) == {"leads to": "a platform-managed key"}


@pytest.mark.parametrize("state", ["Failed", "Canceled"])
def test_choosing_what_is_asked_for_already_repairs_a_cluster_that_ended_badly(state: str) -> None:
    platform = said(PLATFORM_MANAGED, PLATFORM, state)
    assert platform == {"last operation": state.lower(), "choosing it": AGAIN}
    own = said(CUSTOMER_MANAGED, PRIVATE, state)
    assert own.items() >= {"last operation": state.lower(), "the same key": AGAIN}.items()
    assert own.keys() >= {"leads to", "still needed"}


@pytest.mark.parametrize(
    ("profile", "option"), [(PLATFORM_MANAGED, PRIVATE), (CUSTOMER_MANAGED, PUBLIC), (LEGACY, PLATFORM)]
)
def test_another_option_leads_elsewhere_however_the_last_operation_ended(
    profile: Json, option: Option
) -> None:
    assert said(profile, option, "Failed") == said(profile, option)
    assert AGAIN not in said(profile, option, "Failed").values()


def test_what_is_so_already_is_changed_by_nothing() -> None:
    assert said(PLATFORM_MANAGED, PLATFORM) == {"it is so already": "choosing it changes nothing"}
    assert "last operation" not in said(CUSTOMER_MANAGED, PRIVATE)
