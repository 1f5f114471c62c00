"""What this installation stores, and who can read it."""
