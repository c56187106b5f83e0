"""Looking inside a cluster: does its API server really encrypt, and with which key."""
