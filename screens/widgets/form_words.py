"""Findings in the words of the wizard: an answers file has keys, a page has entries."""

_PHRASES = {
    "Check cluster.name, resource_group and subscription (`aks-kms clusters` lists the clusters), or create a new one with "
    "cluster.create: true": "Select the cluster again, or create a new one",
    "encrypt the existing cluster with cluster.create: false": "go back and select the existing cluster",
    "set a version in cluster.create.kubernetes_version": "select a version",
    "omit cluster.create.kubernetes_version": "select the default version",
    "set identity.name to the old one": "select the old one at Identity",
    "Set key.rotate_every: P1Y": "Select a rotation",
    "Set key.create_through: resource-manager": "Select Azure Resource Manager at “created through”",
    "set vault.resource_group and vault.subscription to its location": "select it at Key vault",
    "Set vault.network_access: Private": "Go back and select the private vault",
    "Set vault.purge_protection: true": "Turn on purge protection",
    "vault.network_access is Public": "you selected a public vault",
    "key.type is RSA-HSM": "The selected type is RSA-HSM",
    "Set key.type: RSA": "Select the type RSA",
}
"""How a page says what a rule says in the terms of an answers file."""


def for_form(text: str) -> str:
    """Return a message or a remedy of a finding in the words of the wizard."""
    for phrase, words in _PHRASES.items():
        text = text.replace(phrase, words)
    return text
