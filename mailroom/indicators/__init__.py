"""Ground: what can be found in text. Named patterns, refanging, validation."""
