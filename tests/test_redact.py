"""Secrets that were registered never come out of a text again."""

from __future__ import annotations

import logging
import sys

import pytest

from mailroom import redact


@pytest.fixture(autouse=True)
def _registry(monkeypatch: pytest.MonkeyPatch) -> None:
    """One of these tests' own: what they register would be masked in every other test's texts."""
    monkeypatch.setattr(redact, "_values", set())
    monkeypatch.setattr(redact, "_passing", {})
    monkeypatch.setattr(redact, "_longest_first", ())


def test_a_registered_secret_is_masked_in_every_form_in_which_it_travels() -> None:
    redact.register("hunter2/very+secret")
    shown = redact.scrub("hunter2/very+secret aHVudGVyMi92ZXJ5K3NlY3JldA== hunter2%2Fvery%2Bsecret")
    assert shown == f"{redact.MASK} {redact.MASK} {redact.MASK}"


def test_of_passing_secrets_the_latest_are_masked_and_the_oldest_are_forgotten() -> None:
    redact.register("a-lasting-secret-value")
    for number in range(1_000):
        redact.register(f"token-number-{number:05}", passing=True)
    assert redact.scrub("token-number-00999 a-lasting-secret-value") == f"{redact.MASK} {redact.MASK}"
    assert len(redact._passing) <= 400


def test_of_secrets_that_begin_alike_nothing_is_left_over() -> None:
    redact.register("begins-alike", "begins-alike-and-goes-on")
    assert redact.scrub("x begins-alike-and-goes-on begins-alike y") == f"x {redact.MASK} {redact.MASK} y"


def test_a_secret_that_stands_in_the_mask_itself_is_masked_once() -> None:
    redact.register("secret")
    assert redact.scrub("the password is secret") == f"the password is {redact.MASK}"


def test_what_a_sender_put_into_a_text_can_be_logged_anywhere() -> None:
    assert redact.one_line("a\ud800b\nc\x1b[31m\u202e") == "a\ufffdb\\x0ac\\x1b[31m\\x202e"
    try:
        raise ValueError("lone \udc00 surrogate")
    except ValueError:
        record = logging.LogRecord("mailroom", logging.ERROR, __file__, 1, "of %s", ("\ud800",), sys.exc_info())
    assert redact.SecretFilter().filter(record)
    assert record.getMessage() == "of \ufffd"
    assert record.exc_text is not None
    assert "lone \ufffd surrogate" in record.exc_text
    (record.getMessage() + record.exc_text).encode("utf-8")
