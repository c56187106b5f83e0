"""The role with which the cluster's identity encrypts and decrypts with the key."""

from wizard.cloud.roles import MAY_ENCRYPT
from wizard.procedure.identity_role import IdentityRole
from wizard.state.comparison import KEY_PERMISSIONS


class CryptoRole(IdentityRole):
    """How-to: "Assign the required roles to the managed identity", first command."""

    key = "crypto-role"
    title = "Let the identity use the key"
    sentence = (
        "Gives the user-assigned identity the role (or, where the vault has them, the access policy) with which it "
        "encrypts and decrypts."
    )
    role = MAY_ENCRYPT[0]
    also = MAY_ENCRYPT[1:]
    by_policy = KEY_PERMISSIONS
