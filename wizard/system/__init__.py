"""What knows nothing of Azure: private files, processes, the clock, sanitizing of outside text, YAML loading."""
