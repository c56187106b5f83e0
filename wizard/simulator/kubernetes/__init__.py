"""Inside a managed cluster: a Kubernetes API that kubectl accepts, with what etcd would hold. Loaded when first asked for."""
