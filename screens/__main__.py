"""`python -m screens` is `aks-kms`."""

from screens.cli import main

main()
