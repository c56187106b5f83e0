"""The role that lets the cluster's identity encrypt and decrypt with the key."""

from wizard.cloud.roles import MAY_ENCRYPT
from wizard.procedure.identity_role import IdentityRole
from wizard.state.comparison import KEY_PERMISSIONS


class CryptoRole(IdentityRole):
    """How-to: "Assign the required roles to the managed identity", first command."""

    key = "crypto-role"
    title = "Assign the identity access to the key"
    sentence = (
        "Assigns the user-assigned identity the role (or, in a vault with access policies, the access policy) to "
        "encrypt and decrypt."
    )
    role = MAY_ENCRYPT[0]
    also = MAY_ENCRYPT[1:]
    by_policy = KEY_PERMISSIONS
