"""Mailroom: mail-security playbooks. This package is the core library; it has never heard of Prefect."""

__version__ = "0.1.0"
