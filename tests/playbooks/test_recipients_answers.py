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
