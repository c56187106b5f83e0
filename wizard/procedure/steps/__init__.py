"""The steps of the procedure, in the order of the how-to. The one place where a step is registered."""

from wizard.procedure.step import Step
from wizard.procedure.steps.cluster import Cluster
from wizard.procedure.steps.contributor_role import ContributorRole
from wizard.procedure.steps.crypto_role import CryptoRole
from wizard.procedure.steps.feature import Feature
from wizard.procedure.steps.firewall import Firewall
from wizard.procedure.steps.identity import Identity
from wizard.procedure.steps.key import Key
from wizard.procedure.steps.operator_role import OperatorRole
from wizard.procedure.steps.provider import Provider
from wizard.procedure.steps.resource_group import ResourceGroup
from wizard.procedure.steps.vault import Vault
from wizard.procedure.steps.verify import Verify

STEPS: tuple[Step, ...] = (
    Feature(),
    Provider(),
    ResourceGroup(),
    Vault(),
    OperatorRole(),
    Key(),
    Firewall(),
    Identity(),
    CryptoRole(),
    ContributorRole(),
    Cluster(),
    Verify(),
)
