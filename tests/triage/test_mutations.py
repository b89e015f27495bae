"""What an attacker changes to slip through: the verdict falls by at most one class."""

from __future__ import annotations

import pytest

from mailroom.triage.decide import triage_event
from mailroom.triage.samples import event_of

CLASSES = {"benign": 0, "graymail": 0, "simulation": 0, "undetermined": 1, "spam": 1, "suspicious": 2, "malicious": 3}
READER = "amy.reader@northwind.example"
BASE = {"recipient": READER, "headers": {"To": READER}}
FAILED = {"dmarc": "fail", "spf": "fail", "dkim": "none"}

SAMPLES = {
    "board member": {
        "from": "Clara Lindqvist <office.ceo@freemail.example>",
        "subject": "Urgent wire transfer",
        "hold_reason": "impersonation_protection",
        "impersonation": ["internal_user_name"],
        "auth": {"dmarc": "pass", "spf": "pass"},
    },
    "brand": {
        "from": "Microsoft 365 <alert@micros0ft.com>",
        "subject": "Your password expires today",
        "hold_reason": "spam_signature",
        "risk": "medium",
        "categories": ["phishing"],
        "auth": FAILED,
    },
    "look-alike": {
        "from": "Accounts <pay@nortwhind.example>",
        "subject": "Overdue invoice, new bank details",
        "reply_to": "pay@freemail.example",
        "hold_reason": "impersonation_protection",
        "impersonation": ["similar_internal_domain", "newly_observed_domain"],
        "auth": {"dmarc": "none", "spf": "pass"},
    },
    "spoofed partner": {
        "from": "Ines <ines@contoso-logistics.example>",
        "subject": "Payment details changed, urgent",
        "reply_to": "ines.contoso@mailbox.example",
        "hold_reason": "impersonation_protection",
        "impersonation": ["custom_external_domain"],
        "auth": FAILED,
    },
    "script": {
        "from": "Billing <b@stranger.example>",
        "subject": "Invoice",
        "hold_reason": "attachment",
        "attachments": ["invoice.pdf.js"],
        "auth": FAILED,
    },
    "malware": {
        "from": "Billing <b@stranger.example>",
        "subject": "Invoice",
        "hold_reason": "virus_signature",
        "attachments": ["invoice.zip"],
        "auth": FAILED,
    },
}

CYRILLIC = str.maketrans("aceopxyiACEOPXTMHKB", "асеорхуіАСЕОРХТМНКВ")


def name_and_address(value):
    name, _, address = value.rpartition("<")
    return name.strip(), address.rstrip(">")


def on_name(change):
    def mutate(sample):
        name, address = name_and_address(sample["from"])
        return {**sample, "from": f"{change(name)} <{address}>"}

    return mutate


def both_texts(change):
    def mutate(sample):
        return on_name(change)({**sample, "subject": change(sample["subject"])})

    return mutate


def extra_from(sample):
    return {**sample, "from": ["IT <it@northwind.example>", sample["from"]]}


def injected_results(server):
    def mutate(sample):
        lines = "; ".join(f"{method}={result}" for method, result in sample["auth"].items())
        domain = name_and_address(sample["from"])[1].rpartition("@")[2]
        planted = f"{server}; dmarc=pass header.from={domain}; spf=pass; dkim=pass header.d={domain}"
        return {**sample, "authentication_results": [f"relay.mimecast.com; {lines}", planted]}

    return mutate


MUTATIONS = {
    "homoglyphs": both_texts(lambda text: text.translate(CYRILLIC)),
    "full-width letters": both_texts(lambda text: "".join(chr(ord(c) + 0xFEE0) if c.isalnum() else c for c in text)),
    "zero-width": both_texts("\u200b".join),
    "soft hyphens": both_texts("\u00ad".join),
    "digits for letters": both_texts(lambda text: text.replace("o", "0").replace("i", "1").replace("l", "1")),
    "upper case": both_texts(str.upper),
    "accents": both_texts(lambda text: text.replace("a", "á").replace("e", "è").replace("o", "õ").replace("u", "ü")),
    "combining marks": both_texts(lambda text: "".join(c + "\u0323" if c.isalpha() else c for c in text)),
    "comma in display name": on_name(lambda name: ", ".join(name.split())),
    "quoted comma in display name": on_name(lambda name: '"' + ", ".join(name.split()) + '"'),
    "reversed name": on_name(lambda name: " ".join(reversed(name.split()))),
    "encoded name": on_name(lambda name: f"=?utf-8?Q?={name.encode().hex('=')}?="),
    "address in comment": lambda sample: {**sample, "from": sample["from"] + " (it@northwind.example)"},
    "trusted address as name": on_name(lambda name: f'"{name} it@northwind.example"'),
    "extra From": extra_from,
    "extra From below": lambda sample: {**sample, "from": [sample["from"], "IT <it@northwind.example>"]},
    "two addresses in one From": lambda s: {**s, "from": s["from"] + ", it@northwind.example"},
    "NUL in From": lambda sample: {**sample, "from": sample["from"].replace(" <", "\x00 <")},
    "group syntax": lambda sample: {**sample, "from": f"Board: {sample['from']};"},
    "results under the gateway's name": injected_results("relay.mimecast.com"),
    "results under another name": injected_results("mx.google.com"),
    "results under our name": injected_results("mail.northwind.example"),
    "spam words on top": lambda s: {**s, "spam_score": 40, "categories": [*s.get("categories", []), "spam"]},
    "newsletter headers": lambda sample: {
        **sample,
        "headers": {**BASE["headers"], "List-Unsubscribe": "<mailto:x@y.example>", "Precedence": "bulk"},
        "graymail": True,
    },
    "honest-looking attachment": lambda s: {**s, "attachments": [*s.get("attachments", []), "readme.txt"]},
    "file without a name": lambda s: {**s, "attachments": [*s.get("attachments", []), {"name": "", "type": "Text"}]},
    "padded file name": lambda sample: {
        **sample,
        "attachments": [
            name.replace(".js", ".js" + " " * 40) if isinstance(name, str) else name
            for name in sample.get("attachments", [])
        ],
    },
    "forged impersonation header": lambda sample: {
        **sample,
        "headers": {**BASE["headers"], "X-Mimecast-Impersonation-Protect ": "Internal User Name=false"},
    },
}  # fmt: skip


def verdict(ruleset, sample):
    return triage_event(ruleset, event_of({**BASE, **sample})).verdict


@pytest.mark.parametrize("name", SAMPLES)
def test_the_samples_are_caught_before_anything_is_changed(ruleset, name):
    assert CLASSES[verdict(ruleset, SAMPLES[name])] >= 2


@pytest.mark.parametrize("mutation", MUTATIONS)
@pytest.mark.parametrize("name", SAMPLES)
def test_one_change_lowers_the_verdict_by_at_most_one_class(ruleset, name, mutation):
    sample = SAMPLES[name]
    before, after = verdict(ruleset, sample), verdict(ruleset, MUTATIONS[mutation](sample))

    assert CLASSES[after] >= CLASSES[before] - 1
    assert after not in ("benign", "graymail", "simulation")


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_no_change_turns_an_attack_into_a_release(ruleset, mutation):
    for sample in SAMPLES.values():
        decision = triage_event(ruleset, event_of({**BASE, **MUTATIONS[mutation](sample)}))
        assert decision.proposal.action not in ("release", "release_to_sandbox", "permit_sender")


@pytest.mark.parametrize("first", MUTATIONS)
def test_two_changes_together_never_make_a_mail_look_wanted(ruleset, first):
    for second in MUTATIONS.values():
        for sample in SAMPLES.values():
            if "from" in sample and isinstance(MUTATIONS[first](sample)["from"], list):
                continue
            changed = second(MUTATIONS[first](sample))
            assert verdict(ruleset, changed) not in ("benign", "graymail", "simulation")
