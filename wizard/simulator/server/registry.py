"""Finds the resource providers: every `Provider` of a module in `wizard.simulator.providers`."""

import pkgutil
from importlib import import_module

from wizard.simulator import providers
from wizard.simulator.arm.provider import Provider, ResourceProviders


def find_providers() -> ResourceProviders:
    """Return the resource providers of all modules in `wizard.simulator.providers`."""
    modules = [
        import_module(f"{providers.__name__}.{found.name}")
        for found in pkgutil.iter_modules(providers.__path__)
    ]
    declared = (value for module in modules for value in vars(module).values() if isinstance(value, Provider))
    return ResourceProviders(dict.fromkeys(declared))  # a module may also import the provider of another one
