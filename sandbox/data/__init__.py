"""The fiction: people, companies, words, and the mail they send. All names are invented."""

from sandbox.data.compose import compose
from sandbox.data.mail import Component, Mail

__all__ = ["Component", "Mail", "compose"]
