"""The command line, with all functions of the wizard: one file for each command, registered in `main.py`."""
