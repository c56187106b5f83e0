"""Checks on a live cluster, and the report they make."""
