"""Key vaults: the gateway, access, stored keys, rotation."""
