"""Azure Resource Manager: routing, tokens, operations, locks, policy, RBAC, throttling, faults."""
