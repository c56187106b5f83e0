"""The resource providers of the simulated cloud, one file each. Loading them registers what they let happen in time."""
