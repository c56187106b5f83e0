"""The role with which the cluster's identity encrypts and decrypts with the key."""

from wizard.cloud.roles import CRYPTO_USER
from wizard.procedure.identity_role import IdentityRole


class CryptoRole(IdentityRole):
    """How-to: "Assign the required roles to the managed identity", first command."""

    key = "crypto-role"
    title = "Give the identity Key Vault Crypto User"
    sentence = "Gives the user-assigned identity the role with which it encrypts and decrypts with the key."
    role = CRYPTO_USER
