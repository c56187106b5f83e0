"""Answers files to start from, with the comments that a form would show. Each runs as it is on the default simulated Azure."""

from typing import Literal, get_args

ExampleKind = Literal["platform-managed", "customer-managed-private", "customer-managed-public"]
KINDS: tuple[ExampleKind, ...] = get_args(ExampleKind)

_TOP = """\
# Answers for aks-kms: {title}.
#   aks-kms plan  -f FILE                     shows what would be done, and changes nothing
#   aks-kms apply -f FILE                     shows it, asks, and does it
#   aks-kms --simulate apply -f FILE --yes    tries it on the simulated Azure
# No secret ever belongs in here: who you are comes from your sign-in.
version: 1

subscription: 22222222-2222-2222-2222-222222222222   # the id, as `az account list -o table` shows it
location: westus2                # where resources are created, by the region's short name
resource_group: rg-demo          # the cluster's; created if it does not exist

cluster:
  name: aks-demo
  create: false                  # an existing cluster, Kubernetes 1.33 or later
  # create:                      # or a new one; every line of this is optional
  #   kubernetes_version: "1.34" # without it: the newest that the region offers, no preview
  #   node_count: 3
  #   node_vm_size: Standard_D4ds_v5

"""

_PLATFORM = """\
key_option: platform-managed     # AKS owns and rotates the key: vault, key and identity must be absent

# tags: {owner: platform-team}   # put on the resources that are created
"""

_CUSTOMER = """\
key_option: customer-managed     # you own the key: losing it loses the cluster's secrets

vault:
  name: kv-demo                  # unique in all of Azure; created if it does not exist
  network_access: {access}
  # purge_protection: true       # for a new vault; cannot be turned off again
  # resource_group: rg-keys      # default: the cluster's
  # subscription: 33333333-3333-3333-3333-333333333333   # default: the cluster's; the same tenant

key:
  name: aks-kms                  # created if it does not exist
  # type: RSA                    # or RSA-HSM, in a premium vault
  # size: 3072                   # or 2048, 4096
  # rotate_every: P1Y            # a new version each year by itself; without it, by `aks-kms rotate`
  # create_through: {through}

identity:
  name: id-aks-demo              # user-assigned; the cluster moves to it. Created if it does not exist
  # resource_group: rg-keys      # default: the cluster's

# tags: {{owner: platform-team}}   # put on the resources that are created
"""


def example(kind: ExampleKind) -> str:
    """A commented answers file of that kind, in YAML."""
    match kind:
        case "platform-managed":
            return _TOP.format(title="a key that AKS manages") + _PLATFORM
        case "customer-managed-private":
            return _TOP.format(title="your own key in a private key vault") + _CUSTOMER.format(
                access="Private        # the vault's firewall lets in trusted Azure services only",
                through="resource-manager   # no way into the vault is needed; or key-vault, as the how-to writes it",
            )
        case "customer-managed-public":
            return _TOP.format(title="your own key in a public key vault") + _CUSTOMER.format(
                access="Public         # whoever has a token and a role reaches the vault, from anywhere",
                through="key-vault    # as the how-to writes it; or resource-manager, which needs no role on the vault",
            )
