"""The exit codes of `aks-kms`, of the wizard and of every command."""

SUCCESS, FAILURE, USAGE, UNREACHABLE, INTERRUPTED = 0, 1, 2, 3, 130
