"""Many clusters: found with one Azure Resource Graph query, read with list calls, verified as they are found."""
