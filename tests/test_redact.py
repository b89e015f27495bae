"""Secrets that were registered never come out of a text again."""

from __future__ import annotations

from mailroom import redact


def test_a_registered_secret_is_masked_in_every_form_in_which_it_travels() -> None:
    redact.register("hunter2/very+secret")
    shown = redact.scrub("hunter2/very+secret aHVudGVyMi92ZXJ5K3NlY3JldA== hunter2%2Fvery%2Bsecret")
    assert shown == f"{redact.MASK} {redact.MASK} {redact.MASK}"


def test_of_passing_secrets_the_latest_are_masked_and_the_pattern_stays_small() -> None:
    redact.register("a-lasting-secret-value")
    for number in range(1_000):
        redact.register(f"token-number-{number:05}", passing=True)
    assert redact.scrub("token-number-00999 a-lasting-secret-value") == f"{redact.MASK} {redact.MASK}"
    assert len(redact._passing) <= 400
