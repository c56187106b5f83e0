"""A Kubernetes API for each managed cluster that kubectl accepts, and what its etcd would hold. Imported on first use."""
