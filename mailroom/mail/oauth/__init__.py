"""Access tokens for mailboxes: where they come from, how they are used to log in, what is wrong with one."""

from mailroom.mail.oauth.sasl import oauthbearer, xoauth2

__all__ = ["oauthbearer", "xoauth2"]
