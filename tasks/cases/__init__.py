"""Actions on cases, which other products call incidents; named as documented there."""

from typing import TYPE_CHECKING

from tasks._catalogue_package import import_when_asked

if TYPE_CHECKING:
    from tasks.cases.add_email_to_incident import add_email_to_incident
    from tasks.cases.add_note_to_incident import add_note_to_incident
    from tasks.cases.close_incident import close_incident
    from tasks.cases.create_incident import create_incident
    from tasks.cases.create_incident_from_mail import create_incident_from_mail
    from tasks.cases.find_incidents import find_incidents
    from tasks.cases.merge_incidents import merge_incidents
    from tasks.cases.save_attachments_to_incident import save_attachments_to_incident
    from tasks.cases.update_incident import update_incident

__all__ = [
    "add_email_to_incident",
    "add_note_to_incident",
    "close_incident",
    "create_incident",
    "create_incident_from_mail",
    "find_incidents",
    "merge_incidents",
    "save_attachments_to_incident",
    "update_incident",
]

import_when_asked(__name__)
