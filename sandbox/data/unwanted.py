"""Spam, phishing and malware, with the accidents that make them hard to tell from wanted mail."""

from __future__ import annotations

from random import Random

from sandbox.data import pick, words
from sandbox.data.mail import Mail
from sandbox.data.people import (
    BRANDS,
    FREEMAIL,
    LOOKALIKES_BRAND,
    LOOKALIKES_PARTNER,
    NEWSLETTERS,
    OWN_DOMAINS,
    PARTNERS,
    SPAM_WORDS,
)


def spam(rng: Random, mail: Mail) -> None:
    """Advertising nobody signs with a name: high spam score, changing domains."""
    mail.expected_verdict = "spam"
    lang = mail.language = pick.language(rng)
    domain = f"{rng.choice(SPAM_WORDS)}{rng.randrange(10, 999)}.example"
    name = rng.choice(("Best Offers", "Dr. Vital", "Casino Royal", "", "Loan Center", "SEO Expert"))
    if pick.chance(rng, 25):
        domain, name = rng.choice(FREEMAIL), pick.outsider(rng, lang)[0]
    mail.from_name = name
    mail.from_addr = f"{rng.choice(('info', 'win', 'offer', 'sales'))}{rng.randrange(999)}@{domain}"
    mail.from_env = f"r{rng.getrandbits(36):x}@{domain if pick.chance(rng, 60) else pick.throwaway(rng)}"
    mail.subject = pick.subject(rng, words.SPAM, lang)
    _authentication(rng, mail, domain, passing=34, failing=30)
    if pick.chance(rng, 35):
        mail.extra_headers.append(("List-Unsubscribe", f"<http://{domain}/u/{rng.randrange(10**6)}>"))
    mail.hold = pick.weighted(rng, {"spam": 88, "content": 7, "graymail": 5})
    mail.spam_score = min(60, 8 + int(rng.expovariate(1 / 11)))
    mail.categories = ["spam"]
    mail.risk = _risk(rng, {"high": 18, "medium": 34, "low": 18, "negligible": 4, "": 26})


def phish(rng: Random, mail: Mail) -> None:
    """Credential theft and invoice fraud, in seven manners."""
    mail.expected_verdict = "malicious"
    lang = mail.language = pick.language(rng)
    brand, true_domain = rng.choice(BRANDS)
    manner = pick.weighted(
        rng,
        {"brand": 24, "partner": 15, "spoof": 10, "reply": 13, "taken_over": 7, "odd_from": 25, "own": 8},
    )
    mail.subject = pick.subject(rng, words.PHISH, lang, brand)
    mail.from_name = brand
    if manner == "brand":
        domain = rng.choice(LOOKALIKES_BRAND) if pick.chance(rng, 40) else pick.throwaway(rng)
        mail.from_addr = f"{rng.choice(('service', 'no-reply', 'security'))}@{domain}"
        _authentication(rng, mail, domain, passing=45, failing=15)
    elif manner == "partner":
        domain = rng.choice(LOOKALIKES_PARTNER)
        mail.from_name, local = pick.outsider(rng, lang)
        mail.from_addr = f"{local}@{domain}"
        mail.subject = pick.subject(rng, words.BUSINESS, lang, "Fabrikam")
        _authentication(rng, mail, domain, passing=55, failing=10)
    elif manner in ("spoof", "own"):
        domain = true_domain if manner == "spoof" else rng.choice(OWN_DOMAINS)
        mail.from_addr = f"{'no-reply' if manner == 'spoof' else 'helpdesk'}@{domain}"
        mail.from_name = brand if manner == "spoof" else rng.choice(("IT Service Desk", "Northwind HR", ""))
        mail.from_env = f"www-data@{pick.throwaway(rng)}"
        mail.spf, mail.dkim, mail.dmarc = rng.choice(("pass", "none", "softfail")), "none", "fail"
    elif manner == "reply":
        mail.from_name, local = pick.outsider(rng, lang)
        domain = pick.firm(rng)
        mail.from_addr = f"{local}@{domain}"
        mail.reply_to = f"{mail.from_name} <{local}.{rng.randrange(99)}@{rng.choice(FREEMAIL)}>"
        mail.subject = pick.subject(rng, words.BUSINESS if pick.chance(rng, 50) else words.PHISH, lang, brand)
        _authentication(rng, mail, domain, passing=35, failing=35)
    elif manner == "taken_over":  # a partner's real mailbox in the wrong hands
        mail.from_name, local = pick.outsider(rng, lang)
        domain = rng.choice(PARTNERS)
        mail.from_addr = f"{local}@{domain}"
        mail.subject = pick.subject(rng, words.BUSINESS, lang, "Adatum")
        mail.dkim_domain, mail.decidable = domain, False
    else:
        _odd_from(rng, mail, brand)
    mail.from_env = mail.from_env or (mail.from_addr or f"root@{pick.throwaway(rng)}")
    if pick.chance(rng, 22) and manner != "taken_over":
        mail.foreign_auth.append(
            f"mx.{pick.throwaway(rng)}; spf=pass smtp.mailfrom={mail.from_addr}; dkim=pass; dmarc=pass"
        )
    if pick.chance(rng, 6):  # pretends to be the drill that everybody is told to ignore
        mail.extra_headers.append(("X-PhishDrill-Campaign", f"PD-{rng.randrange(1000, 9999)}"))
    mail.hold = pick.weighted(rng, {"spam": 58, "impersonation": 24, "content": 12, "attachment": 6})
    if mail.hold == "impersonation":
        similar = manner in ("brand", "partner")
        mail.impersonation = (
            "Mimecast External Domain" if similar else "Newly Observed Domain",
            "Mimecast Threat Dictionary",
        )
    mail.spam_score = int(rng.triangular(0, 40, 9))
    mail.categories = ["phishing"] if pick.chance(rng, 45) else ["spam"]
    if mail.decidable:
        mail.risk = _risk(rng, {"high": 34, "medium": 26, "low": 12, "negligible": 5, "": 23})
    else:
        mail.risk = _risk(rng, {"low": 30, "negligible": 35, "": 35})
    if pick.chance(rng, 14):
        mail.components.append(
            pick.attachment(rng, f"Document_{rng.randrange(999)}.html", "text/html", "HTML Document")
        )


def _odd_from(rng: Random, mail: Mail, brand: str) -> None:
    """From headers that parsers disagree about."""
    domain = pick.throwaway(rng)
    address = f"admin@{domain}"
    mail.from_addr, mail.from_name = address, "Mail Administrator"
    odd = rng.choice(("several", "several", "none", "empty", "name_is_address", "comma", "group", "broken", "null"))
    inner = f"helpdesk@{OWN_DOMAINS[0]}"
    if odd == "several":
        mail.raw_from = [f"Mail Administrator <{address}>", f"Service Desk <{inner}>"]
    elif odd == "none":
        mail.raw_from, mail.from_addr, mail.from_name = [], "", ""
    elif odd == "empty":
        mail.raw_from, mail.from_addr, mail.from_name = ["<>"], "", ""
    elif odd == "name_is_address":
        mail.from_name = inner
        mail.raw_from = [f'"{inner}" <{address}>']
    elif odd == "comma":
        mail.from_name = f"{brand}, {inner}"
        mail.raw_from = [f"{brand}, {inner} <{address}>"]
    elif odd == "group":
        mail.raw_from = [f"Undisclosed senders: {inner}, {address};"]
    elif odd == "broken":
        mail.raw_from = [f'"{brand} <{inner}> <{address}']
    else:
        mail.null_from_header = True
    _authentication(rng, mail, domain, passing=30, failing=25)


RISKY_FILES = (
    ("Invoice_{n}.pdf.html", "text/html", "HTML Document"),
    ("Scan_{n}.iso", "application/x-iso9660-image", "ISO Image"),
    ("Order_{n}.js", "application/javascript", "Javascript"),
    ("Statement_{n}.docm", "application/vnd.ms-word.document.macroEnabled.12", "MS Word Macro"),
    ("Document_{n}.lnk", "application/x-ms-shortcut", "Windows Shortcut"),
    ("Files_{n}.zip", "application/zip", "Encrypted ZIP Archive"),
    ("Invoice_{n}.xlsm", "application/vnd.ms-excel.sheet.macroEnabled.12", "MS Excel Macro"),
    ("Notice_{n}.svg", "image/svg+xml", "SVG Image"),
    ("Remittance_{n}.pdf.exe", "application/x-msdownload", "Windows Executable"),
    ("Photo_{n}.vhd", "application/octet-stream", "Disk Image"),
)


def malware(rng: Random, mail: Mail) -> None:
    """Dangerous files, or (one in ten) a plain PDF that only a detonation would find out."""
    mail.expected_verdict = "malicious"
    lang = mail.language = pick.language(rng)
    name, local = pick.outsider(rng, lang)
    domain = rng.choice((rng.choice(FREEMAIL), pick.throwaway(rng), pick.firm(rng), pick.firm(rng)))
    mail.from_name, mail.from_addr = name, f"{local}@{domain}"
    mail.from_env = mail.from_addr
    mail.subject = pick.subject(rng, words.MALWARE, lang)
    _authentication(rng, mail, domain, passing=40, failing=25)
    file_name, mime, kind = rng.choice(RISKY_FILES)
    if pick.chance(rng, 10):
        file_name, mime, kind = "Invoice_{n}.pdf", "application/pdf", "PDF"
        mail.decidable = False
    mail.components.append(pick.attachment(rng, file_name.replace("{n}", str(rng.randrange(10, 9999))), mime, kind))
    mail.hold = pick.weighted(rng, {"virus": 52, "attachment": 34, "spam": 14})
    mail.decidable = mail.decidable or mail.hold == "virus"
    mail.spam_score = rng.randrange(0, 30)
    mail.categories = ["malware"]
    mail.risk = _risk(rng, {"high": 62, "medium": 12, "low": 4, "": 22})


def _authentication(rng: Random, mail: Mail, domain: str, *, passing: int, failing: int) -> None:
    """DMARC pass, fail or none by chance; attackers own domains with good records too."""
    mail.dkim_domain = domain
    draw = rng.random() * 100
    if draw < passing:
        mail.spf, mail.dkim, mail.dmarc = "pass", "pass", "pass"
    elif draw < passing + failing:
        mail.spf, mail.dkim, mail.dmarc = rng.choice(("fail", "softfail")), "none", "fail"
    elif draw < 94:
        mail.spf, mail.dkim, mail.dmarc = rng.choice(("pass", "none", "softfail")), "none", "none"
    else:
        mail.no_auth_header = True
        mail.spf = mail.dkim = mail.dmarc = "none"


def newsletter_lookalike(rng: Random, mail: Mail) -> None:
    """Phishing dressed as a newsletter, list headers included."""
    phish(rng, mail)
    name, domain = rng.choice(NEWSLETTERS)
    mail.extra_headers.append(("List-Unsubscribe", f"<https://{domain}.{pick.throwaway(rng)}/u>"))
    mail.from_name = name


def _risk(rng: Random, table: dict[str, int]) -> str | None:
    return pick.weighted(rng, table) or None
