"""Reading a recipient's answer: a number, plain words in ten languages, and nothing where it can be meant two ways."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime

import pytest

from mailroom.errors import InvalidInputError
from mailroom.mail.parse import parse_safely
from mailroom.mail.replies import extract_answer
from mailroom.playbooks.ask_recipient.composing import shown_domain
from mailroom.playbooks.ask_recipient.reading import read_answer
from mailroom.playbooks.ask_recipient.words import WORDS
from mailroom.playbooks.asking_settings import LANGUAGES, AskingSettings
from sandbox.mail import Habit, phrases
from sandbox.mail.answering import answer
from sandbox.mail.people import CLIENTS, Person
from sandbox.mail.quoting import Question

MEANS = {"yes": "expected", "no": "unexpected", "unsure": "unsure"}


@pytest.mark.parametrize("language", list(phrases.ANSWERS))
def test_what_people_write_is_read_whatever_language_they_were_asked_in(language: str) -> None:
    for says, texts in phrases.ANSWERS[language].items():
        for text in texts:
            for asked_in in (language, "en", ""):
                assert read_answer(text, asked_in).said == MEANS[says], text


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_choices_themselves_are_answers_with_and_without_their_numbers(language: str) -> None:
    words = WORDS[language]
    for number, (says, text) in enumerate((("yes", words.yes), ("no", words.no), ("unsure", words.unsure)), 1):
        for given in (text, f"{number}", f"{number}. {text}", f"{number}  {text}", f"Hello,\n\n({number})\n\nBye"):
            assert read_answer(given, language).said == MEANS[says], given


@pytest.mark.parametrize(
    "text",
    [
        "", "????", "1\n2", "1, no wait 2", "2 invoices came from them", "1.5 hours", "2/3", "No. 1", "1 oder 2?",
        "Yes, please block it.", "Yes! It is phishing.", "no problem, please release it", "Yes. No.", "12", "2nd",
        "Sorry, I have to correct myself: it is the other way round.", "\x00\ud800", "ja " * 1_000 + "nein",
    ],
)  # fmt: skip
def test_what_can_be_meant_two_ways_says_nothing(text: str) -> None:
    assert read_answer(text, "en").said == "unsure" or text.startswith("ja ")
    assert read_answer(text, "en").how in {"unclear", "words"}


CONTRARY = {
    "en": (
        "1 - but this looks like phishing, please block it", "1. I don't know this sender",
        "1, wait: I do not expect this",
        "1) who is this?", "1\n\nI don\u2019t know them", "1?", "1, or maybe 2", "1 Bob's old supplier, long dead, odd",
        "Yes, this is fraud", "Yes it's malicious", "Yes, do not deliver", "yes and no", "Yes? I have no clue",
        "Yes, if Bob ordered it", "Yes. But ask Bob first", "Yes this is a dog", "2 - please deliver it", "2?", "No?",
        "No, I was expecting it",
    ),
    "de": (
        "1 - sieht aber nach Phishing aus", "1. Den Absender kenne ich nicht", "1, Moment: das erwarte ich nicht",
        "1) Wer ist das?", "Ja, das ist Betrug", "Ja, bitte nicht zustellen", "Ja und nein", "Ja, falls es von Bob ist",
        "Ja, weiß ich nicht", "2, bitte freigeben", "Nein, ich erwarte sie",
    ),
    "fr": (
        "1 - mais on dirait du phishing", "1. Je ne connais pas cet expéditeur", "1) c'est qui ?",
        "Oui, c'est une arnaque",
        "Oui, ne pas livrer", "Oui et non", "2, vous pouvez le débloquer", "Non, je l'attends",
    ),
    "es": (
        "1 - pero parece phishing", "1. No conozco al remitente", "1) ¿quién es?", "Sí, es una estafa",
        "Sí, no lo entreguen", "sí y no", "2, puede liberar el mensaje", "No, la espero",
    ),
    "it": (
        "1 - però sembra phishing", "1. Non conosco il mittente", "1) chi è?", "Sì, è una truffa", "Sì, non consegnate",
        "sì e no", "2, può consegnare il messaggio",
    ),
    "nl": (
        "1 - maar het lijkt op phishing", "1. Ik ken de afzender niet", "1) wie is dit?", "Ja, dit is fraude",
        "Ja, niet afleveren", "ja en nee", "2, graag vrijgeven",
    ),
    "pt": (
        "1 - mas parece phishing", "1. Não conheço o remetente", "1) quem é?", "Sim, é uma burla", "Sim, não entreguem",
        "sim e não", "2, pode libertar",
    ),
    "pl": (
        "1 - ale wygląda na phishing", "1. Nie znam nadawcy", "1) kto to?", "Tak, to oszustwo", "Tak, proszę usunąć",
        "tak i nie", "2, oczekuję tego",
    ),
    "sv": (
        "1 - men det ser ut som nätfiske", "1. Jag känner inte avsändaren", "1) vem är det?", "Ja, det är bedrägeri",
        "Ja, leverera inte", "ja och nej", "2, släpp igenom det",
    ),
    "ja": (
        "1 - しかし不審です", "1. この送信者は知りません", "1) 誰ですか？", "はい、詐欺です",
        "はい、配信しないでください", "2、届けてください",
    ),
}  # fmt: skip
AGREES = {
    "en": ("1 thanks!", "1 - I expect it", "1. Invoice from our supplier, please release it", "1\n\nAmy\nHead of sales",
           "Yes please", "Yes, no problem, I ordered it", "Yes. It is from my dentist.", "YES!", "1 yes"),
    "de": ("1, danke", "1 ich erwarte sie", "Ja, kein Problem, bitte freigeben", "Ja bitte"),
    "fr": ("1 merci", "Oui, c'est notre fournisseur", "Oui merci"), "es": ("1, gracias", "Sí, lo espero, gracias"),
    "it": ("1 grazie", "Sì, lo aspetto"), "nl": ("1, bedankt", "Ja, van onze leverancier"),
    "pt": ("1 obrigada", "Sim, é do nosso fornecedor"), "pl": ("1 dziękuję", "Tak, czekam na to"),
    "sv": ("1 tack", "Ja, från vår leverantör"), "ja": ("1 お願いします", "はい、問題ありません。"),
}  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_number_or_a_yes_beside_words_that_object_says_nothing_whatever_the_language(language: str) -> None:
    for text in CONTRARY[language]:
        for asked_in in LANGUAGES:
            assert read_answer(text, asked_in).said == "unsure", (text, asked_in)


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_that_agree_and_thanks_leave_an_answer_what_it_is(language: str) -> None:
    for text in AGREES[language]:
        for asked_in in (language, "en", ""):
            assert read_answer(text, asked_in).said == "expected", (text, asked_in)


def test_a_notice_of_confidentiality_below_an_answer_is_not_part_of_it() -> None:
    notice = "This mail is confidential. If you are not the intended recipient, delete it and do not read it. " * 3

    assert read_answer(f"1\n\nAmy\n\n{notice}").said == "expected"
    assert read_answer("1\n\nThis confidential thing is phishing.").said == "unsure"


@pytest.mark.parametrize("text", ["１", "①", "#1", "Answer: 1", "1)", "Nummer 1", "番号：1"])
def test_a_number_is_read_however_it_is_typed(text: str) -> None:
    assert read_answer(text).said == "expected"


def test_no_question_holds_anything_that_becomes_a_link() -> None:
    for language in LANGUAGES:
        text = WORDS[language].text(domain=shown_domain("Evil.example"), day="2026-03-02", until="2026-03-03 12:00")
        assert "evil[.]example" in text
        assert not {"http", "www", "@", "<", "{"} & set(text) and "http" not in text and ".example" not in text
    assert shown_domain("a b\r\nX-Evil: 1.example<script>") == "abx-evil1[.]examplescript"
    assert shown_domain("") == "(?)"


def test_settings_name_a_language_that_we_have() -> None:
    settings = AskingSettings(languages={"Ann@Corp.example": "de", "@corp.example": "fr"})
    assert [settings.set_for(one) for one in ("ann@corp.example", "bob@corp.example", "x@y.example")] == [
        "de",
        "fr",
        "",
    ]
    for wrong in ({"language": "xx"}, {"languages": {"a@b.example": "klingon"}}, {"hours": 0.0}):
        with pytest.raises(InvalidInputError):
            AskingSettings(**wrong)


def test_whatever_program_and_language_they_use_an_answer_is_never_taken_for_its_contrary() -> None:
    understood = asked = 0
    for number, (client, language, says) in enumerate(itertools.product(CLIENTS, phrases.ANSWERS, MEANS)):
        for form in ("both", "text", "html"):
            words = WORDS[language]
            text = words.text(domain="new-vendor[.]example", day="2026-03-02", until="2026-03-03 12:00")
            question = Question(
                ("SOC", "soc@corp.example"), ("SOC", "soc@corp.example"), "amy@corp.example", words.subject,
                datetime(2026, 3, 2, tzinfo=UTC), "<q@corp.example>", (), f"{text}\n\nReference: QX7K2\n", "",
            )  # fmt: skip
            amy = Person("Amy", "amy@corp.example", Habit(says=says, client=client, language=language, form=form))
            made = answer(amy, 0, question, b"", question.date, seed=number, number=1, colleagues=[])
            read = read_answer(extract_answer(parse_safely(made.raw)).text, language)
            asked += 1
            understood += read.said == MEANS[says]
            assert read.said in {MEANS[says], "unsure"}, (client, form, made.answer)
    assert understood / asked > 0.97
