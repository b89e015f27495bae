"""Access tokens for mailboxes: where they come from, how they are used to log in, what is wrong with one.

Each provider is called with True for a fresh token and False for the one at hand.
"""

from mailroom.mail.oauth.diagnosis import TokenDiagnosis, diagnose
from mailroom.mail.oauth.google import GoogleRefreshToken, GoogleServiceAccount
from mailroom.mail.oauth.http import TokenHttp
from mailroom.mail.oauth.microsoft import MicrosoftClientCredentials, MicrosoftDelegated
from mailroom.mail.oauth.sasl import oauthbearer, xoauth2

__all__ = [
    "GoogleRefreshToken",
    "GoogleServiceAccount",
    "MicrosoftClientCredentials",
    "MicrosoftDelegated",
    "TokenDiagnosis",
    "TokenHttp",
    "diagnose",
    "oauthbearer",
    "xoauth2",
]
