"""Many clusters: found by one question to Azure Resource Graph, read by lists, judged as they come."""
