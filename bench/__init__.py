"""The bench: the hot path side by side with the Node stack that it replaces (`README.md`)."""
