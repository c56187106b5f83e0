"""The server: it puts the providers, the vault plane and Kubernetes together, and listens."""
