"""Cases: opened, worked on, merged and taken apart again; every change on the wall."""

from mailroom.playbooks.cases.opening import open_case
from mailroom.playbooks.cases.working import (
    link,
    merge,
    set_alert_fields,
    set_fields,
    set_state,
    unlink,
    unmerge,
    update_case,
)

__all__ = [
    "link",
    "merge",
    "open_case",
    "set_alert_fields",
    "set_fields",
    "set_state",
    "unlink",
    "unmerge",
    "update_case",
]
