"""Presets of the usual providers."""

from __future__ import annotations

import pytest

from mailroom.errors import InvalidInputError
from mailroom.mail.imap import ImapSettings
from mailroom.mail.providers import names, preset, provider_of


def test_every_preset_makes_settings_that_can_work():
    for name in names():
        provider = preset(name)
        settings = ImapSettings(provider.imap_host, provider.imap_port, provider.imap_security, "me", "app-password-1")
        settings.check()
        assert provider.smtp_host
        assert (provider.smtp_port, provider.smtp_security) in {(465, "implicit"), (587, "starttls")}
        assert provider.notes
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


def test_providers_are_known_by_their_host():
    assert provider_of("IMAP.gmail.com.").name == "gmail"
    assert provider_of("mail.example.org") is None


def test_what_matters_for_sending_and_searching_is_told():
    assert preset("gmail").stores_sent_copy
    assert not preset("icloud").stores_sent_copy
    assert not preset("microsoft365").trusts_text_search
    assert "oauth" in preset("microsoft365").auth
    assert "password" not in preset("gmail").auth
    assert preset("aol").idle_seconds < 300
