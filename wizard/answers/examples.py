"""Example answers files with comments. Each works unchanged with the default simulated environment."""

from typing import Literal, get_args

ExampleKind = Literal["platform-managed", "customer-managed-private", "customer-managed-public"]
KINDS: tuple[ExampleKind, ...] = get_args(ExampleKind)

_TOP = """\
# Answers for aks-kms: {title}.
#   aks-kms plan  -f FILE                     shows the required changes; makes none
#   aks-kms apply -f FILE                     shows the plan, asks for confirmation, applies it
#   aks-kms --simulate apply -f FILE --yes    tries it with the Azure simulator
# Never put a secret in this file: authentication uses your sign-in.
version: 1

subscription: 22222222-2222-2222-2222-222222222222   # the id, as shown by `az account list -o table`
location: westus2                # the region of new resources (short name)
resource_group: rg-demo          # of the cluster; created if it does not exist

cluster:
  name: aks-demo
  create: false                  # an existing cluster, Kubernetes 1.33 or later
  # create:                      # or a new one; all of these keys are optional
  #   kubernetes_version: "1.34" # default: the newest in the region, no preview
  #   node_count: 3
  #   node_vm_size: Standard_D4ds_v5

"""

_PLATFORM = """\
key_option: platform-managed     # AKS manages and rotates the key; omit vault, key and identity

# tags: {owner: platform-team}   # applied to the resources that are created
"""

_CUSTOMER = """\
key_option: customer-managed     # you manage the key; losing it means losing the cluster's secrets

vault:
  name: kv-demo                  # globally unique; created if it does not exist
  network_access: {access}
  # purge_protection: true       # for a new vault; cannot be disabled later
  # resource_group: rg-keys      # default: the cluster's
  # subscription: 33333333-3333-3333-3333-333333333333   # default: the cluster's; must be in the same tenant

key:
  name: aks-kms                  # created if it does not exist
  # type: RSA                    # or RSA-HSM, in a premium vault
  # size: 3072                   # or 2048, 4096
  # rotate_every: P1Y            # a new version each year, automatically; default: `aks-kms rotate`
  # create_through: {through}

identity:
  name: id-aks-demo              # user-assigned, for the cluster; created if it does not exist
  # resource_group: rg-keys      # default: the cluster's

# tags: {{owner: platform-team}}   # applied to the resources that are created
"""


def example(kind: ExampleKind) -> str:
    """Return a commented answers file of that kind, in YAML."""
    match kind:
        case "platform-managed":
            return _TOP.format(title="a platform-managed key") + _PLATFORM
        case "customer-managed-private":
            return _TOP.format(title="a customer-managed key in a private key vault") + _CUSTOMER.format(
                access="Private        # the vault denies public access, except for trusted Azure services",
                through="resource-manager   # needs no access to the vault's data plane; or key-vault, as in the how-to",
            )
        case "customer-managed-public":
            return _TOP.format(title="a customer-managed key in a public key vault") + _CUSTOMER.format(
                access="Public         # reachable from any network with a token and a role",
                through="key-vault    # as in the how-to; or resource-manager, which needs no role on the vault",
            )
