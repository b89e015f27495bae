"""Cases: opened, worked on, merged and taken apart again; every change on the wall."""

from mailroom.playbooks.cases.files import add_file, add_saved_attachments, write_file
from mailroom.playbooks.cases.opening import open_case
from mailroom.playbooks.cases.showing import case_rows, case_view
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
    "add_file",
    "add_saved_attachments",
    "case_rows",
    "case_view",
    "link",
    "merge",
    "open_case",
    "set_alert_fields",
    "set_fields",
    "set_state",
    "unlink",
    "unmerge",
    "update_case",
    "write_file",
]
