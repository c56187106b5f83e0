"""Key vaults: authentication, access, stored keys, key rotation, and the use of keys by clusters."""
