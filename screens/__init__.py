"""What the operator sees and types: the Textual app and the command line."""
