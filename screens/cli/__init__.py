"""The face without a screen: one file for each command, equal in power to the wizard, in plain lines."""
