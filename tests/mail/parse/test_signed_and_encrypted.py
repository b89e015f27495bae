"""S/MIME and PGP: signed mail is read, encrypted mail is flagged (H16)."""

from __future__ import annotations

import base64

import pytest
from parse_containers import signed_envelope

from mailroom.mail.parse import parse

ENTITY = (
    b'Content-Type: multipart/mixed; boundary="i"\r\n\r\n--i\r\n\r\nsigned text\r\n--i\r\n'
    b"Content-Type: application/pdf; name=a.pdf\r\n\r\n%PDF\r\n--i--\r\n"
)


def envelope(content: bytes, kind: str):
    head = (
        f"Subject: s\r\nContent-Type: application/pkcs7-mime; {kind}name=smime.p7m\r\n"
        f"Content-Transfer-Encoding: base64\r\n\r\n"
    )
    return parse(head.encode() + base64.encodebytes(content))


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("kind", ["smime-type=signed-data; ", ""])
def test_the_content_of_a_signed_envelope_is_the_mail(chunked, kind):
    mail = envelope(signed_envelope(ENTITY, chunked=chunked), kind)
    assert mail.text == "signed text"
    assert [made.name for made in mail.attachments] == ["smime.p7m", "a.pdf"]
    assert not mail.encrypted


def test_an_encrypted_envelope_is_flagged_and_kept():
    content = bytes.fromhex("300d06092a864886f70d010703a000")
    for kind in ("smime-type=enveloped-data; ", ""):
        mail = envelope(content, kind)
        assert mail.encrypted
        assert mail.attachments[0].flags == ("encrypted",)
        assert mail.attachments[0].content == content


def test_the_first_part_of_a_signed_mail_is_its_content(multipart):
    mail = multipart(
        b"\r\nhello", b"Content-Type: application/pgp-signature; name=signature.asc\r\n\r\nsig", kind="signed"
    )
    assert (mail.text, mail.attachments[0].name) == ("hello", "signature.asc")


def test_pgp_is_flagged(multipart):
    mime = multipart(
        b"Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1",
        b"Content-Type: application/octet-stream; name=encrypted.asc\r\n\r\n-----BEGIN PGP MESSAGE-----",
        kind="encrypted",
    )
    assert mime.encrypted
    assert parse(b"Subject: s\r\n\r\n-----BEGIN PGP MESSAGE-----\r\nabc\r\n").encrypted


def test_broken_envelopes_are_only_attachments():
    whole = signed_envelope(ENTITY)
    for cut in range(1, 60):
        assert envelope(whole[:cut], "smime-type=signed-data; ").attachments[0].size == cut
