"""Azure Resource Graph over all resources that a caller may read, for the one form of query that `query` describes."""
