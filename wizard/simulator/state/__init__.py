"""The state of the simulated Azure: resources, principals, clusters, the state file, and the loading of scenarios."""
