"""Reports of verifications and runs as text, JSON, JUnit, SARIF and Markdown; wording shared with the screens."""
