"""The documented procedure: steps, the plan made of them, and its run."""
