"""The pages of the wizard, one file each; `*_text` modules hold the pure functions that make what a page shows."""
