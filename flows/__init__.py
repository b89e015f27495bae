"""The playbooks; each reads like the analyst's runbook."""

from mailroom.bulk_work import collect_seldom

collect_seldom()  # a run is a process of its own, and half of its work is to load what it needs
