"""The door of the staff console: who comes in, and how they prove it."""
