"""The Mimecast wing: one client for API 1.0 and 2.0, and one module per group of functions."""

from mailroom.mimecast.client import MimecastClient
from mailroom.mimecast.credentials import ApplicationKeys, ClientCredentials
from mailroom.mimecast.outcomes import EffectUnknownError, Outcome

__all__ = [
    "ApplicationKeys",
    "ClientCredentials",
    "EffectUnknownError",
    "MimecastClient",
    "Outcome",
]
