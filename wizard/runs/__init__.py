"""Previous runs: the journal, its schema, resuming, the rotating log."""
