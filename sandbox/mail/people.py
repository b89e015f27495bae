"""The people who get our questions, and how each of them answers."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from sandbox.data.people import EMPLOYEES, FREEMAIL, NAMES, VIPS

CLIENTS = ("gmail", "outlook", "outlook_web", "apple", "thunderbird", "phone")
LANGUAGES = ("en", "de", "fr", "ja")
KINDS = {
    "answers": 52,
    "out_of_office": 12,
    "never": 9,
    "other_address": 6,
    "wrong_person": 5,
    "bounces": 5,
    "delayed": 4,
    "reads_first": 4,
    "changes_mind": 3,
}
"""Kind -> how many in a hundred are like that, when nobody says otherwise."""
MORE_KINDS = ("forged",)


@dataclass(frozen=True)
class Habit:
    """How somebody deals with a question.

    Attributes:
        kind: `answers`; `out_of_office`: an automatic reply at once, the person later; `never`; `other_address`:
            answers from a private address; `wrong_person`: a colleague who was not asked answers; `bounces`: the mail
            comes back; `delayed`: a warning of delay, then the person; `reads_first`: a read receipt, then the person;
            `changes_mind`: answers, and later the opposite; `forged`: somebody outside answers under this person's
            address, with a forged result of our own server, before the person does.
        says: `yes`, `no` or `unsure`: did they expect the mail they are asked about.
        client: One of `CLIENTS`; decides how the question is quoted.
        language: One of `LANGUAGES`.
        form: `both` text and HTML, `text` or `html`.
        inline: Answers between the quoted lines (Thunderbird only).
        thread: `headers` carries In-Reply-To and References; `subject` has only the subject.
        delay: Seconds until the person answers.
        text: Exact words instead of `says`.
        private_address: For `other_address`.
    """

    kind: str = "answers"
    says: str = "yes"
    client: str = "gmail"
    language: str = "en"
    form: str = "both"
    inline: bool = False
    thread: str = "headers"
    delay: float = 20.0
    text: str = ""
    private_address: str = ""

    def __post_init__(self) -> None:
        for value, allowed in (
            (self.kind, (*KINDS, *MORE_KINDS)),
            (self.client, CLIENTS),
            (self.language, LANGUAGES),
            (self.form, ("both", "text", "html")),
            (self.thread, ("headers", "subject")),
            (self.says, ("yes", "no", "unsure")),
        ):
            if value not in allowed:
                raise ValueError(f"a habit cannot have {value!r}: use one of {', '.join(allowed)}")


@dataclass(frozen=True)
class Person:
    """Somebody with a mailbox. `address` is lower case."""

    name: str
    address: str
    habit: Habit

    @property
    def sender(self) -> tuple[str, str]:
        """(display name, address) for a From header."""
        return self.name, self.address


def everybody(seed: int, *, slowest: float = 90.0) -> dict[str, Person]:
    """Address -> person, for everyone who works at Northwind; equal seeds give equal people.

    Args:
        seed: Decides who is how.
        slowest: Nobody takes longer to answer, in seconds.
    """
    languages = {local: language for language, people in NAMES.items() for _, local in people}
    made = {}
    for name, address in (*VIPS, *EMPLOYEES):
        local = address.partition("@")[0]
        made[address] = Person(name, address, _habit(seed, address, languages.get(local, "en"), slowest))
    return made


def _habit(seed: int, address: str, spoken: str, slowest: float) -> Habit:
    rng = Random(f"{seed}/habit/{address}")
    client = rng.choices(CLIENTS, weights=(24, 26, 16, 14, 10, 10))[0]
    local = address.partition("@")[0]
    return Habit(
        kind=rng.choices(list(KINDS), weights=list(KINDS.values()))[0],
        says=rng.choices(("yes", "no", "unsure"), weights=(40, 45, 15))[0],
        client=client,
        language=spoken if spoken in LANGUAGES else "en",
        form={"thunderbird": "text", "phone": rng.choice(("both", "text"))}.get(
            client, rng.choice(("both", "both", "html"))
        ),
        inline=client == "thunderbird" and rng.random() < 0.5,
        thread="subject" if rng.random() < 0.1 else "headers",
        delay=round(rng.uniform(slowest / 15, slowest), 1),
        private_address=f"{local}.{rng.randrange(10, 99)}@{rng.choice(FREEMAIL)}",
    )
