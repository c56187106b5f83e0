"""The role that lets the cluster's identity read the key vault's settings."""

from wizard.cloud.roles import CONTRIBUTOR
from wizard.procedure.identity_role import IdentityRole


class ContributorRole(IdentityRole):
    """How-to: "Assign the required roles to the managed identity", second command."""

    key = "contributor-role"
    title = "Assign the identity Key Vault Contributor"
    sentence = "Assigns the user-assigned identity the role to read the key vault's settings."
    role = CONTRIBUTOR
