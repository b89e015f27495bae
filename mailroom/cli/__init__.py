"""The command `mailroom`."""
