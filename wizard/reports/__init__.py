"""Reports of a verification as text, JSON, JUnit, SARIF and Markdown, and the wording they share with the screens."""
