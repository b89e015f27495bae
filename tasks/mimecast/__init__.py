"""Actions of Mimecast, one file per documented action. This list is the catalogue."""

from tasks.mimecast.advanced_archive_search import advanced_archive_search
from tasks.mimecast.download_archive_eml import download_archive_eml
from tasks.mimecast.get_archive_message import get_archive_message
from tasks.mimecast.get_archive_message_part import get_archive_message_part
from tasks.mimecast.get_archive_search_logs import get_archive_search_logs
from tasks.mimecast.get_archive_view_logs import get_archive_view_logs
from tasks.mimecast.ping import ping
from tasks.mimecast.reject_message import reject_message
from tasks.mimecast.release_message import release_message
from tasks.mimecast.simple_archive_search import simple_archive_search

__all__ = [
    "advanced_archive_search",
    "download_archive_eml",
    "get_archive_message",
    "get_archive_message_part",
    "get_archive_search_logs",
    "get_archive_view_logs",
    "ping",
    "reject_message",
    "release_message",
    "simple_archive_search",
]
