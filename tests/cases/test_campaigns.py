"""Campaigns: which mails get one key, which do not, and whether the reason is said."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailroom.cases.campaign import (
    MailParts,
    campaign_of,
    explain_campaign,
    parts_of,
    shared,
    subject_skeleton,
    telling_files,
)
from mailroom.cases.telling_hosts import hosts_of_list
from mailroom.rulelang.domains import is_public_suffix, root_domain


def key(**parts):
    made = campaign_of(MailParts(**parts))
    return made.key if made else ""


def test_the_same_file_keeps_mails_together_whatever_else_they_say():
    one = campaign_of(MailParts("a@evil.test", subject="Invoice 1 overdue", files=("aa",)))
    other = campaign_of(MailParts("z@else.test", subject="Your parcel", files=("aa",), urls=("https://x.test/a",)))

    assert one.key == other.key
    assert one.key.startswith("files-")
    assert ("together because of", "the same attached files") in explain_campaign(one.parts)


def test_links_to_one_host_keep_mails_together_and_footers_do_not():
    footer = "https://www.facebook.com/page"
    first = key(sender="a@shop.test", subject="A", urls=("https://login.evil.test/verify/8271?u=1", footer))
    second = key(sender="b@other.test", subject="B", urls=("https://evil.test/verify/99", "https://other.test/home"))

    assert first == second
    assert key(sender="a@shop.test", subject="Hello there", urls=(footer, "https://shop.test/x")).startswith("subject-")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://docs.google.com/forms/d/e/1FAIpQLSa9/viewform", "https://docs.google.com/document/d/1kT7zz2b/edit"),
        ("https://contoso.sharepoint.com/:b:/g/Eab12cd34", "https://fabrikam.sharepoint.com/:b:/g/Exy98zw76"),
        ("https://bit.ly/parcel", "https://bit.ly/minutes"),
        ("https://s3.amazonaws.com/first-bucket/a.html", "https://s3.amazonaws.com/other-bucket/b.html"),
        ("https://drive.google.com/open?id=aaaa", "https://drive.google.com/open?id=bbbb"),
        ("https://one.s3.amazonaws.com/login", "https://two.s3.amazonaws.com/login"),
    ],
)
def test_mails_that_link_to_different_pages_of_a_site_that_strangers_share_are_apart(one, other):
    assert key(sender="a@evil.test", subject="A", urls=(one,)) != key(sender="b@good.test", subject="B", urls=(other,))


def test_the_very_same_page_of_a_shared_site_keeps_mails_together_and_says_so():
    page = "https://docs.google.com/forms/d/e/1FAIpQLSa9/viewform"
    one = campaign_of(MailParts("a@evil.test", subject="A", urls=(f"{page}?usp=sf_link",)))
    other = campaign_of(MailParts("b@else.test", subject="B", urls=(f"{page}?e=ann@corp.test", "https://google.com/")))

    assert one.key == other.key
    assert one.key.startswith("pages-")
    assert ("pages linked to on shared sites", page.removeprefix("https://")) in explain_campaign(one.parts)
    assert shared(one.parts, other.parts) == ["pages"]


def test_a_shared_site_adds_nothing_to_a_host_of_its_own():
    both = ("https://evil.test/x", "https://docs.google.com/document/d/1kT7zz2b/edit")

    assert key(sender="a@b.test", urls=both) == key(sender="c@d.test", urls=both[:1])


def test_addresses_that_are_new_in_each_mail_leave_the_subject_to_decide():
    counted = ("https://u1.ct.sendgrid.net/ls/click?upn=aa", "https://eur02.safelinks.protection.outlook.com/?url=x")

    assert key(sender="a@shop.test", subject="Our weekly letter", urls=counted).startswith("subject-")


@pytest.mark.parametrize("name", ["shared_hosts", "untelling_hosts"])
def test_every_shared_site_is_listed_as_it_is_compared(name):
    listed = hosts_of_list(name)

    assert listed
    assert not {host for host in listed if is_public_suffix(host)}
    assert name != "shared_hosts" or {root_domain(host) for host in listed} == listed


@pytest.mark.parametrize(
    "file",
    [
        {"name": "a.txt", "sha256": hashlib.sha256(b"").hexdigest().upper()},
        {"name": "a.txt", "sha256": hashlib.sha256(b"\r\n").hexdigest(), "size": 2},
        {"name": "a.png", "sha256": "ff", "size": 900, "real_type": "image/png"},
    ],
)
def test_an_empty_file_keeps_nothing_together(file):
    assert telling_files([file]) == ()
    assert telling_files([file, {"name": "b.doc", "sha256": "AA", "size": 900}]) == ("aa",)


def test_a_newsletter_with_many_links_is_no_campaign_of_its_links():
    many = tuple(f"https://host{number}.test/" for number in range(9))

    assert key(sender="a@news.test", subject="Our weekly letter", urls=many).startswith("subject-")


def test_numbers_prefixes_and_look_alike_letters_in_subjects_do_not_separate():
    assert key(sender="a@evil.test", subject="Re: Invoice 4711 overdue") == key(
        sender="b@evil.test", subject="Fwd: Invоice 0815 overdue"
    )
    assert key(sender="a@evil.test", subject="Invoice overdue") != key(sender="a@good.test", subject="Invoice overdue")


@pytest.mark.parametrize("subject", ["", "Hello", "12345", "Re:"])
def test_a_mail_that_says_too_little_is_in_no_campaign(subject):
    assert key(sender="a@evil.test", subject=subject) == ""


def test_a_subject_without_spaces_between_words_says_enough():
    assert key(sender="a@evil.test", subject="アカウントの確認").startswith("subject-")


def test_a_report_belongs_to_the_campaign_of_the_mail_it_forwards():
    original = {"sender": "a@evil.test", "subject": "Your mailbox is full", "plaintext_body": "see https://bad.test/x"}
    report = {"sender": "ann@corp.test", "subject": "Fwd: strange?", "forwarded": [original], "plaintext_body": "Odd!"}

    assert campaign_of(parts_of(report)).key == campaign_of(parts_of(original)).key


def test_held_messages_and_mails_speak_one_language():
    held = {"header_from": {"address": "a@evil.test"}, "subject": "Your mailbox is full", "components": [
        {"name": "body.txt", "type": "Message Body", "sha256": "00"}, {"name": "bill.js", "sha256": "FF"}]}  # fmt: skip
    mail = {"sender": "x@y.test", "subject": "other", "attachments": [
        {"name": "bill.js", "sha256": "ff"},
        {"name": "logo.png", "sha256": "11", "mime_type": "image/png"}]}  # fmt: skip

    assert campaign_of(parts_of(held)).key == campaign_of(parts_of(mail)).key


def test_what_campaigns_have_in_common_is_named():
    one = campaign_of(MailParts("a@evil.test", subject="Invoice is overdue", urls=("https://bad.test/",))).parts
    other = campaign_of(
        MailParts("b@worse.test", subject="Invoice is overdue", files=("aa",), urls=("https://bad.test/y",))
    )

    assert shared(one, other.parts) == ["hosts", "subject"]
    assert shared(one, {"domain": "evil.test"}) == []


@given(st.text(max_size=300))
def test_no_subject_breaks_it(subject):
    assert isinstance(subject_skeleton(subject), str)
    campaign_of(MailParts(subject, subject, subject, subject, (subject, f"https://{subject}"), (subject,)))
