"""Presets of the usual providers."""

from __future__ import annotations

import pytest

from mailroom.errors import InvalidInputError
from mailroom.mail.actions.criteria import MailCriteria
from mailroom.mail.imap import ImapSession, ImapSettings, MailFilters
from mailroom.mail.providers import finds_parts_of_words, names, preset, provider_of


def test_every_preset_makes_settings_that_can_work():
    for name in names():
        provider = preset(name)
        settings = ImapSettings(provider.imap_host, provider.imap_port, provider.imap_security, "me", "app-password-1")
        settings.check()
        assert provider.smtp_host
        assert (provider.smtp_port, provider.smtp_security) in {(465, "implicit"), (587, "starttls")}
        assert provider_of(provider.smtp_host) is provider
        assert preset(name.upper()) is provider


@pytest.mark.parametrize(
    ("said", "name"),
    [("Gmail", "gmail"), ("office365", "microsoft365"), ("hotmail.com", "outlook.com"), ("Yahoo! Mail", "yahoo")],
)
def test_names_as_people_say_them(said, name):
    assert preset(said).name == name


def test_an_unknown_provider_lists_the_known_ones():
    with pytest.raises(InvalidInputError, match="gmail"):
        preset("example")


def test_providers_are_known_by_their_hosts():
    assert provider_of("IMAP.gmail.com.").name == "gmail"
    assert provider_of("imap-mail.outlook.com").name == "outlook.com"
    assert provider_of("imap.zoho.eu").name == "zoho"
    assert provider_of("mail.example.org") is None
    assert provider_of("imap.notgmail.com") is None
    assert provider_of("") is None


@pytest.mark.parametrize("name", ["gmail", "microsoft365", "outlook.com", "yahoo", "aol"])
def test_servers_that_search_by_words_are_not_asked_for_parts_of_words(name):
    assert not finds_parts_of_words(preset(name).imap_host, (), "* OK ready")
    assert preset(name).stores_sent_copy


@pytest.mark.parametrize(
    ("capabilities", "greeting", "finds"),
    [
        ({"IDLE"}, "* OK Dovecot ready.", True),
        ({"IDLE", "X-GM-EXT-1"}, "* OK Gimap ready", False),
        ({"IDLE"}, "* OK The Microsoft Exchange IMAP4 service is ready.", False),
        ({"IDLE"}, "* OK mail.example.org Zimbra IMAP4rev1 server ready", False),
    ],
)
def test_other_servers_are_known_by_what_they_say(scripted, capabilities, greeting, finds):
    scripted.capabilities += " " + " ".join(capabilities)
    scripted.greeting = greeting.encode() + b"\r\n"
    wanted = MailCriteria(filters=MailFilters(subject=("voice",)))

    with ImapSession.open(scripted.settings()) as session:
        assert (wanted.server_part(session) is not None) is finds


def test_a_provider_that_files_no_copy_gets_one():
    assert preset("gmail").stores_sent_copy
    assert not preset("icloud").stores_sent_copy
