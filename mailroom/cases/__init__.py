"""Wing: what cases are made of - states, fields, incident templates, rules on mail. Pure; knows no store."""
