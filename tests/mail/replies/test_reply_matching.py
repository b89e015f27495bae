"""Which question a mail answers, and whether the person counts."""

from __future__ import annotations

import base64
import time

import pytest

from mailroom.errors import InvalidInputError
from mailroom.mail.model import Mail, MailAddress
from mailroom.mail.replies import (
    QuestionIndex,
    QuestionKeys,
    authentication_of,
    facts_of_header,
    hash_token,
    match,
    message_ids,
    new_token,
    normal_subject,
    sender_allowed,
    thread_index_prefix,
)

TOKEN = "ABCDEFGHIJKLMNOPQRSTUVWX23"
THREAD = base64.b64encode(bytes([1]) + bytes(range(21))).decode()
QUESTION = QuestionKeys(
    "q1", ("<Ask.1@soc.example>",), (hash_token(TOKEN),), THREAD, "Held mail", ("kim@northwind.example",)
)
INDEX = QuestionIndex.of([QUESTION])


def codes(mail: Mail, **options: bool) -> set[str]:
    found = match(mail, INDEX, **options)
    return {evidence.code for item in found for evidence in item.evidence}


def address(value: str) -> MailAddress:
    return MailAddress(value)


def test_each_kind_of_evidence_is_recognised() -> None:
    assert codes(Mail("", 0, in_reply_to=("<Ask.1@soc.example>",))) == {"E1"}
    assert codes(Mail("", 0, references=("<x@y>", "<Ask.1@soc.example>"))) == {"E2"}
    assert codes(Mail("", 0, references=("<Ask.1@soc.example>", "<x@y>"))) == {"E2b"}
    header = (("X-Microsoft-Original-Message-ID", "<Ask.1@soc.example>"),)
    assert codes(Mail("", 0, header)) == {"E3"}
    assert codes(Mail("", 0, to=(address(f"soc+{TOKEN.lower()}@soc.example"),))) == {"E4"}
    assert codes(Mail("", 0, (("Delivered-To", f"soc+{TOKEN}@soc.example"),))) == {"E4"}
    assert codes(Mail("", 0, subject=f"Re: Held mail [#{TOKEN}]")) == {"E5"}
    assert codes(Mail("", 0, html=f'<span style="display:none">{TOKEN}</span>')) == {"E5b"}
    longer = base64.b64encode(base64.b64decode(THREAD) + b"12345").decode()
    assert codes(Mail("", 0, (("Thread-Index", longer),))) == {"E6"}


def test_the_returned_mail_inside_a_bounce_leads_to_its_question() -> None:
    bounce = Mail("", 0, report_type="delivery-status", returned_headers=(("Message-ID", "<Ask.1@soc.example>"),))
    assert codes(bounce) == {"E3"}


def test_a_report_that_returns_nothing_of_the_mail_leads_to_its_question_by_the_envelope_id() -> None:
    status = ((("Reporting-MTA", "dns; mx.example"), ("Original-Envelope-Id", "Ask.1@soc.example")),)
    assert codes(Mail("", 0, report_type="delivery-status", delivery_status=status)) == {"E3"}


def test_the_subject_alone_counts_only_when_asked_for_and_from_a_person_asked() -> None:
    mail = Mail("", 0, subject="AW: Re: Held  Mail", from_=(address("kim@northwind.example"),))
    stranger = Mail("", 0, subject="Re: Held mail", from_=(address("eve@evil.example"),))
    assert codes(mail) == set()
    assert codes(mail, by_subject=True) == {"E7"}
    assert codes(stranger, by_subject=True) == set()


def test_more_evidence_scores_higher_and_never_over_100() -> None:
    (one,) = match(Mail("", 0, subject=f"[#{TOKEN}]"), INDEX)
    (two,) = match(Mail("", 0, subject=f"[#{TOKEN}]", in_reply_to=("<Ask.1@soc.example>",)), INDEX)
    assert (one.score, two.score) == (70, 100)


def test_a_foreign_mail_with_a_wrong_token_or_id_matches_nothing() -> None:
    mail = Mail("", 0, subject=f"[#{new_token()}]", in_reply_to=("<other@soc.example>",), text="release this message")
    assert match(mail, INDEX) == []


def test_ids_match_whatever_their_case_but_the_exact_one_first() -> None:
    index = QuestionIndex.of([QuestionKeys("a", ("<X@y>",)), QuestionKeys("b", ("<x@y>",))])
    assert [item.question_key for item in match(Mail("", 0, in_reply_to=("<x@y>",)), index)] == ["b"]
    assert codes(Mail("", 0, in_reply_to=("<ASK.1@SOC.EXAMPLE>",))) == {"E1"}


@pytest.mark.parametrize(
    "value",
    [
        "<Ask.1@soc.example>",
        "<Ask.1@\r\n soc.example>",
        "Your message of Monday <Ask.1@soc.example>",
        "<a@b>,<Ask.1@soc.example>",
        "=?utf-8?q?=3CAsk=2E1=40soc=2Eexample=3E?=",
        "Ask.1@soc.example",
    ],
)
def test_broken_id_headers_are_repaired(value: str) -> None:
    assert "<Ask.1@soc.example>" in message_ids(value)
    facts = facts_of_header(f"From: Kim <kim@northwind.example>\r\nReferences: {value}\r\n\r\n".encode())
    assert match(facts, INDEX)[0].question_key == "q1"


def test_light_header_facts_match_like_whole_mails() -> None:
    header = (
        f"From: Kim <Kim@northwind.example>\r\nTo: soc@soc.example,\r\n\t<soc+{TOKEN}@soc.example>\r\n"
        f"Subject: =?utf-8?q?Re=3A_Held_mail?=\r\nThread-Index: {THREAD}\r\n\r\nbody"
    ).encode()
    facts = facts_of_header(header)
    assert (facts.sender, facts.subject) == ("kim@northwind.example", "Re: Held mail")
    assert {item.code for item in match(facts, INDEX, by_subject=True)[0].evidence} == {"E4", "E6", "E7"}


def test_matching_costs_the_same_with_ten_thousand_questions() -> None:
    questions = [QuestionKeys(f"q{n}", (f"<{n}@soc.example>",), (hash_token(str(n)),)) for n in range(10_000)]
    large, small = QuestionIndex.of(questions), QuestionIndex.of(questions[:10])
    mail = Mail("", 0, in_reply_to=("<7@soc.example>",), subject="Re: Held mail")

    def spent(index: QuestionIndex) -> float:
        best = 1.0
        for _ in range(20):
            start = time.perf_counter()
            for _ in range(20):
                match(mail, index)
            best = min(best, time.perf_counter() - start)
        return best

    assert len(large) == 10_000
    assert match(mail, large)[0].question_key == "q7"
    assert spent(large) < 20 * spent(small)


def test_reply_and_forward_prefixes_of_all_languages_are_taken_off() -> None:
    for subject in (
        "Re: AW: Held mail",
        "RE[2]: held mail",
        "回复：Held Mail",
        "SV: VS: Held mail",
        "Fwd: Re: Held mail",
    ):
        assert normal_subject(subject) == "held mail"
    assert normal_subject("Note: Held mail") == "note: held mail"


def test_a_thread_index_is_compared_by_its_first_22_bytes() -> None:
    assert thread_index_prefix(THREAD) == THREAD
    assert thread_index_prefix("short") == ""
    assert thread_index_prefix("!" * 40) == ""


RECIPIENTS = ("Kim@northwind.example", "lee@gmail.com")


@pytest.mark.parametrize(
    ("sender", "policy", "expected"),
    [
        ("kim@northwind.example", "exact", "Kim@northwind.example"),
        ("kim+soc@northwind.example", "exact", None),
        ("kim+soc@northwind.example", "alias", "Kim@northwind.example"),
        ("l.e.e@googlemail.com", "alias", "lee@gmail.com"),
        ("kim.private@home.example", "alias", "Kim@northwind.example"),
        ("boss@northwind.example", "alias", None),
        ("boss@northwind.example", "domain", "Kim@northwind.example"),
        ("boss@notnorthwind.example", "domain", None),
        ("boss@mail.northwind.example", "domain", None),
        ("eve@evil.example", "any", "Kim@northwind.example"),
        ("", "exact", None),
    ],
)
def test_who_may_answer(sender: str, policy: str, expected: str | None) -> None:
    mail = Mail("", 0, from_=(address(sender),))
    aliases = {"kim@northwind.example": ["kim.private@home.example"]}
    assert sender_allowed(mail, RECIPIENTS, policy, aliases) == expected  # type: ignore[arg-type]


def test_two_authors_are_nobody() -> None:
    mail = Mail("", 0, from_=(address("kim@northwind.example"), address("eve@evil.example")))
    assert sender_allowed(mail, RECIPIENTS, "alias") is None


def test_an_unknown_policy_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="exact, alias, domain, any"):
        sender_allowed(Mail("", 0), RECIPIENTS, "everyone")  # type: ignore[arg-type]


def test_only_a_trusted_servers_verdict_on_authentication_counts() -> None:
    headers = (
        ("Authentication-Results", "evil.example; dmarc=pass"),
        (
            "Authentication-Results",
            "mx.northwind.example 1; spf=pass smtp.mailfrom=x; dkim=pass; dmarc=fail (p=reject)",
        ),
    )
    verdict = authentication_of(Mail("", 0, headers), ["MX.northwind.example"])
    assert (verdict.dmarc, verdict.dkim, verdict.spf, verdict.proven) == ("fail", "pass", "pass", False)
    assert authentication_of(Mail("", 0, headers[:1]), ["mx.northwind.example"]).server == ""


# H9: the server repeats words of the sender, and they may look like its own verdict
@pytest.mark.parametrize(
    ("said", "dmarc"),
    [
        ('spf=pass smtp.mailfrom="a; dmarc=pass b"@evil.example; dmarc=fail header.from=x.example', "fail"),
        ('spf=pass (domain of "a; dmarc=pass b"@evil.example designates it); dmarc=none', "none"),
        ('spf=pass (domain of "a); dmarc=pass ("@evil.example designates it)', ""),
        ("spf=pass (helo a; dmarc=pass (b) ) smtp.mailfrom=x; dmarc=fail", "fail"),
        ("spf=none smtp.helo=a; dmarc=pass; dmarc=fail header.from=x.example", "fail"),
        ('spf=none smtp.helo="a; dmarc=fail header.from=x.example', "fail"),
        ('spf=none smtp.helo="a; dmarc=pass b', ""),
        ("dkim=pass header.i=@x.example; dmarc = PASS(p=REJECT) header.from=x.example", "pass"),
        ("dmarc=pass (p=none; sp=none) header.from=x.example", "pass"),
    ],
)
def test_words_of_the_sender_in_the_verdict_are_not_the_verdict(said: str, dmarc: str) -> None:
    headers = (("Authentication-Results", f"mx.northwind.example; {said}"),)
    assert authentication_of(Mail("", 0, headers), ["mx.northwind.example"]).dmarc == dmarc


def test_tokens_are_long_random_and_stored_hashed() -> None:
    tokens = {new_token() for _ in range(200)}
    assert len(tokens) == 200
    assert all(len(token) == 26 and set(token) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") for token in tokens)
    assert hash_token(TOKEN.lower()) == hash_token(TOKEN)
    assert TOKEN not in hash_token(TOKEN)
