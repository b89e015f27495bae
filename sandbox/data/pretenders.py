"""Mail that pretends to come from our own directors, and the drills that train people against it."""

from __future__ import annotations

from random import Random

from sandbox.data import pick, words
from sandbox.data.mail import Mail
from sandbox.data.people import DRILL, DRILL_IPS, FREEMAIL, LOOKALIKES_OWN, VIPS

CONFUSABLE = str.maketrans({"a": "а", "o": "о", "i": "і", "e": "е", "c": "с"})
"""Latin to Cyrillic letters of the same shape."""


def impersonation(rng: Random, mail: Mail) -> None:
    """A director's name, somebody else's address."""
    mail.expected_verdict = "malicious"
    lang = mail.language = pick.language(rng)
    name, address = rng.choice(VIPS)
    first, _, last = name.partition(" ")
    local = address.partition("@")[0]
    manner = pick.weighted(rng, {"freemail": 50, "lookalike": 22, "variant": 18, "title": 6, "spoof": 4})
    domain = rng.choice(FREEMAIL)
    hits = ["Internal User Name"]
    mail.from_name = name
    if manner == "lookalike":
        domain = rng.choice(LOOKALIKES_OWN)
        hits.append("Similar Internal Domain")
    elif manner == "variant":
        mail.from_name = rng.choice(
            (
                name.translate(CONFUSABLE),
                f"{last}, {first}",
                f"{first}  {last}",
                name.upper(),
                f"{first} {last[:-1]}",
                f"{first}\u200b {last}",
            )
        )
    elif manner == "title":  # no name a list could match
        mail.from_name = rng.choice(("CEO", "The Managing Director", "Office of the CFO"))
        hits = ["Custom Display Name List"]
        mail.decidable = False
    elif manner == "spoof":
        domain = address.partition("@")[2]
        mail.spf, mail.dkim, mail.dmarc = "softfail", "none", "fail"
        mail.reply_to = f"{name} <{local}.private@{rng.choice(FREEMAIL)}>"
        hits.append("Reply-to Address Mismatch")
    mail.from_addr = f"{local}{rng.randrange(9) if manner == 'freemail' else ''}@{domain}"
    mail.from_env = mail.from_addr if manner != "spoof" else f"x@{pick.throwaway(rng)}"
    mail.dkim_domain = domain
    if manner == "lookalike" and pick.chance(rng, 45):
        mail.spf, mail.dkim, mail.dmarc = "pass", "none", "none"
    mail.subject = pick.subject(rng, words.IMPERSONATION, lang)
    if pick.chance(rng, 30):
        hits.append("Targeted Threat Dictionary")
    mail.impersonation = tuple(hits)
    mail.hold = pick.weighted(rng, {"impersonation": 86, "spam": 10, "content": 4})
    if mail.hold != "impersonation" and pick.chance(rng, 50):
        mail.impersonation = None
    mail.spam_score = rng.randrange(0, 12)
    mail.categories = ["impersonation"] if pick.chance(rng, 40) else []
    mail.risk = pick.weighted(rng, {"high": 26, "medium": 30, "low": 12, "negligible": 6, "": 26}) or None


def simulation(rng: Random, mail: Mail) -> None:
    """The awareness vendor's drill: a lure, but signed and sent from the vendor's own hosts."""
    mail.expected_verdict = "simulation"
    lang = mail.language = pick.language(rng)
    mail.from_name = rng.choice(("IT Support", "Payroll", "Parcel Service", "Microsoft 365"))
    mail.from_addr = f"no-reply@{rng.choice(('it-support', 'payroll-update', 'parcel'))}.{DRILL}"
    mail.from_env = f"bounce@{DRILL}"
    mail.dkim_domain = DRILL
    mail.sender_ip = rng.choice(DRILL_IPS)
    mail.remote_server = f"out1.{DRILL}"
    mail.subject = pick.subject(rng, words.PHISH, lang, "Microsoft")
    mail.extra_headers.append(("X-PhishDrill-Campaign", f"PD-{rng.randrange(1000, 9999)}"))
    mail.hold = pick.weighted(rng, {"spam": 60, "impersonation": 25, "content": 15})
    if mail.hold == "impersonation":
        mail.impersonation = ("Mimecast Threat Dictionary", "Newly Observed Domain")
    mail.spam_score = rng.randrange(2, 25)
    mail.categories = ["phishing"]
    mail.risk = pick.weighted(rng, {"medium": 40, "low": 20, "high": 10, "": 30}) or None
