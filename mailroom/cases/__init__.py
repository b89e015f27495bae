"""Wing: incidents. Templates, rules on mail, campaigns: pure functions that know neither SQL nor any server."""
