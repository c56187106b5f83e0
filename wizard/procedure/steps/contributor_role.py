"""The role with which the cluster's identity reads the key vault's settings."""

from wizard.cloud.roles import CONTRIBUTOR
from wizard.procedure.identity_role import IdentityRole


class ContributorRole(IdentityRole):
    """How-to: "Assign the required roles to the managed identity", second command."""

    key = "contributor-role"
    title = "Give the identity Key Vault Contributor"
    sentence = "Gives the user-assigned identity the role with which it reads the key vault's settings."
    role = CONTRIBUTOR
