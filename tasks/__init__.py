"""Actions and steps as Prefect tasks: one file per documented action, found by its documented name."""
