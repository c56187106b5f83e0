"""The resource providers of the simulated cloud, one file each.

Importing a module declares its `Provider` and registers its scheduled handlers. The registry imports all of them.
"""
