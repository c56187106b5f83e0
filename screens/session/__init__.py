"""What the app keeps between pages: the draft of the answers, the active run, the feature registration, the watch."""
