"""The server: it combines the resource providers, the data plane of Key Vault and Kubernetes, and listens."""
