"""Mail servers for the tests of the mail wing; see `dovecot_fixtures.py` in the folder above."""

from mailroom_tests_dovecot_fixtures import (
    _dovecot_if_installed,
    _smtp_server,
    certificates,
    dovecot,
    proxy_servers,
    smtp_server,
    start_dovecot,
    submission,
    tcp_proxy,
)

__all__ = [
    "_dovecot_if_installed",
    "_smtp_server",
    "certificates",
    "dovecot",
    "proxy_servers",
    "smtp_server",
    "start_dovecot",
    "submission",
    "tcp_proxy",
]
