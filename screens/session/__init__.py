"""What the wizard keeps between pages: the session, the draft of the answers, the active run, the fleet, the feature."""
