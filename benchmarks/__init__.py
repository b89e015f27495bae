"""Measurements; `make bench` prints the table. Timing lives here and never in the tests."""
