"""What the operator chose: the answers model, Azure's naming rules, the examples."""
