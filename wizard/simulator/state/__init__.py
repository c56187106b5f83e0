"""What the simulated Azure holds: resources, groups, clusters, its state file, and how a scenario is loaded."""
