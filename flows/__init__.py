"""The playbooks; each reads like the analyst's runbook."""
