"""Run `aks-kms` as `python -m screens`."""

from screens.cli.main import main

main()
