"""The wizard's pages: one file for each screen."""
