"""Mail that somebody wants: business, newsletters, and the bulk that is merely tolerated."""

from __future__ import annotations

from random import Random

from sandbox.data import pick, words
from sandbox.data.mail import Mail
from sandbox.data.people import BULK_SENDERS, FREEMAIL, NEWSLETTERS, PARTNERS, REGULARS, VIPS


def business(rng: Random, mail: Mail) -> None:
    """Wanted mail of partners, regular correspondents, first contacts, and private mailboxes."""
    lang = mail.language = pick.language(rng)
    name, local = pick.outsider(rng, lang)
    kind = pick.weighted(rng, {"partner": 46, "regular": 24, "first": 18, "freemail": 9, "vip_private": 3})
    domain = {"partner": rng.choice(PARTNERS), "regular": rng.choice(REGULARS), "first": pick.firm(rng)}.get(
        kind, rng.choice(FREEMAIL)
    )
    if kind == "vip_private":  # a director writes from a private mailbox: looks like an attack, is none
        name, address = rng.choice(VIPS)
        local = address.partition("@")[0]
        mail.decidable = False
        mail.impersonation = ("Internal User Name",)
    mail.from_name, mail.from_addr = name, f"{local}@{domain}"
    mail.from_env = mail.from_addr if pick.chance(rng, 80) else f"bounce-{rng.randrange(9999)}@{domain}"
    org = domain.split(".")[0].title()
    mail.subject = pick.subject(rng, words.BUSINESS, lang, org)
    mail.dkim_domain = domain
    _weaken_authentication(rng, mail, kind)
    if kind in ("first", "freemail"):
        mail.decidable = mail.decidable and mail.dmarc == "pass" and pick.chance(rng, 55)
    if mail.subject.lower().startswith(("re:", "aw:", "r:", "odp:")) and pick.chance(rng, 75):
        parent = f"<{rng.getrandbits(48):x}@northwind.example>"
        mail.extra_headers += [("In-Reply-To", parent), ("References", parent)]
    if pick.chance(rng, 18):  # an ordinary difference: answers go to a shared mailbox of the same firm
        mail.reply_to = f"office@{domain}"
    if pick.chance(rng, 45):
        mail.components += [
            pick.office_file(rng, f"{org}_{rng.randrange(1000, 9999)}") for _ in range(rng.randrange(1, 3))
        ]
    if pick.chance(rng, 3):
        mail.components.append(
            pick.attachment(rng, f"Order_{rng.randrange(999)}.zip", "application/zip", "ZIP Archive")
        )
    mail.hold = pick.weighted(rng, {"spam": 40, "impersonation": 14, "attachment": 14, "content": 24, "graymail": 8})
    if mail.hold == "impersonation" and mail.impersonation is None:
        mail.impersonation = (rng.choice(("Newly Observed Domain", "Mimecast Threat Dictionary")),)
    mail.spam_score = rng.choice((0, 0, 1, 2, 3, 5)) if mail.hold != "spam" else rng.randrange(4, 12)
    mail.risk = _risk(rng, {"negligible": 40, "low": 22, "medium": 7, "high": 1, "": 30})
    mail.permitted = "whitelist" if kind == "partner" and pick.chance(rng, 10) else "none"


def _weaken_authentication(rng: Random, mail: Mail, kind: str) -> None:
    """Real firms forward, forget DKIM, or publish no DMARC record."""
    draw = rng.random() * 100
    limits = {"partner": (92, 96, 99), "regular": (80, 90, 97), "first": (58, 78, 94)}.get(kind, (97, 98, 99))
    if draw < limits[0]:
        return
    if draw < limits[1]:
        mail.spf, mail.dkim, mail.dmarc = "pass", "none", "none"
    elif draw < limits[2]:
        mail.spf, mail.dkim, mail.dmarc = "softfail", "fail", "fail"
        mail.decidable = False
    else:
        mail.no_auth_header = True
        mail.spf = mail.dkim = mail.dmarc = "none"


def newsletter(rng: Random, mail: Mail) -> None:
    """Subscribed mail with list headers."""
    mail.expected_verdict = "graymail"
    lang = mail.language = pick.language(rng)
    name, domain = rng.choice(NEWSLETTERS)
    mail.from_name, mail.from_addr = name, f"news@{domain}"
    mail.from_env = f"bounces+{rng.randrange(10**6)}@{domain}"
    mail.subject = pick.subject(rng, words.NEWSLETTER, lang)
    mail.dkim_domain = domain
    if pick.chance(rng, 5):
        mail.dkim, mail.dmarc = "none", "none"
    mail.extra_headers += [
        ("List-Id", f"<{domain}>"),
        (
            "List-Unsubscribe",
            f"<https://{domain}/unsubscribe?u={rng.getrandbits(40):x}>, <mailto:unsubscribe@{domain}>",
        ),
        ("Precedence", "bulk"),
    ]
    mail.hold = pick.weighted(rng, {"graymail": 62, "spam": 30, "content": 8})
    mail.grey = pick.chance(rng, 85)
    mail.spam_score = rng.randrange(0, 9)
    mail.risk = _risk(rng, {"negligible": 48, "low": 22, "": 30})


def bulk(rng: Random, mail: Mail) -> None:
    """Advertising of firms that can be named: unasked, not criminal."""
    mail.expected_verdict = "graymail"
    lang = mail.language = pick.language(rng)
    name, domain = rng.choice(BULK_SENDERS)
    if pick.chance(rng, 30):
        name, domain = pick.outsider(rng, lang)[0], pick.firm(rng)
        mail.decidable = pick.chance(rng, 60)
    mail.from_name, mail.from_addr = name, f"hello@{domain}"
    mail.from_env = f"b-{rng.getrandbits(30):x}@{domain}"
    mail.subject = pick.subject(rng, words.BULK, lang)
    mail.dkim_domain = domain
    if pick.chance(rng, 15):
        mail.spf, mail.dkim, mail.dmarc = "pass", "none", "none"
    if pick.chance(rng, 78):
        mail.extra_headers.append(("List-Unsubscribe", f"<mailto:stop@{domain}>"))
    if pick.chance(rng, 60):
        mail.extra_headers.append(("Precedence", "bulk"))
    mail.hold = pick.weighted(rng, {"graymail": 45, "spam": 50, "content": 5})
    mail.grey = pick.chance(rng, 62)
    mail.spam_score = rng.randrange(2, 16)
    mail.risk = _risk(rng, {"negligible": 30, "low": 32, "medium": 8, "": 30})


def _risk(rng: Random, table: dict[str, int]) -> str | None:
    return pick.weighted(rng, table) or None
