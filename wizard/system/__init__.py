"""Modules that know nothing of Azure: private files, processes, the clock, sanitizing of external text, YAML loading."""
