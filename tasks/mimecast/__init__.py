"""Actions of Mimecast, one file per documented action. This list is the catalogue."""

from tasks.mimecast.ping import ping
from tasks.mimecast.reject_message import reject_message
from tasks.mimecast.release_message import release_message

__all__ = ["ping", "reject_message", "release_message"]
