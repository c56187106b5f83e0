"""`python -m screens` is `aks-kms`."""

from screens.cli.main import main

main()
