"""What people do with a mailbox: look, read, save, move, delete, mark. One module per action, on an open session."""
