"""Where wings meet: an action is carried out once, through the ledger and the rails."""
