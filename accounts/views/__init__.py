"""Pages of the door, the keys and the mail accounts: one file a subject."""
