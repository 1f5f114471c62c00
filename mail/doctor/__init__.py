"""Look closely at the connection of a mail account, and say in plain words what is well and what is not."""
