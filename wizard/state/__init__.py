"""What exists, compared with what was chosen: the target, the snapshot, the cluster, its vault and its key."""
