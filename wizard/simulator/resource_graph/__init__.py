"""Azure Resource Graph: a part of the Kusto Query Language over all resources that a caller may read."""
