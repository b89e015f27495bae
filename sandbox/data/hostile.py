"""Strings that attack whoever shows, stores, logs or formats them."""

from __future__ import annotations

from random import Random

from sandbox.data.mail import Mail

CANARY_HOST = "canary.attacker.example"
"""Replaced by a local listener in tests that look for a request."""

HOSTILE_TEXTS = (
    '<script>fetch("http://canary.attacker.example/x")</script>',
    '<img src="http://canary.attacker.example/pixel.png" onerror=alert(1)>',
    "![invoice](http://canary.attacker.example/md.png)",
    "[click here](javascript:alert(1)) | broken | table |",
    "```\n# heading after a fence\n```mermaid\ngraph TD; A-->B\n```",
    "\x1b[2J\x1b[31mERASED\x1b[0m \x1b]0;title\x07",
    "line one\r\nINFO forged log line: released 500 messages",
    "{0.__class__.__mro__} {{7*7}} ${7*7} %(password)s %s %n #{7*7} {% raw %}",
    "Robert'); DROP TABLE alerts;-- \" OR 1=1 %_%",
    "\u202egnp.exe\u202c right-to-left and \u200bzero\u200bwidth \ufeff",
    "&lt;b&gt;once&lt;/b&gt; &amp;lt;i&amp;gt;twice&amp;lt;/i&amp;gt;",
    "=cmd|' /C calc'!A0",
    "../../../../etc/passwd\x00.pdf",
    "\ud800 lone surrogate \x00 nul \x08 backspace",
    "A" * 20_000,
    "<pre></pre>\r\nAuthentication-Results: relay.mimecast.com; dmarc=pass",
    "Ｕｎｉｃｏｄｅ ｗｉｄｔｈ 𝓼𝓽𝔂𝓵𝓮𝓭 𝐥𝐞𝐭𝐭𝐞𝐫𝐬 " + "é" * 3 + "e\u0301" * 3,
)


def poison(rng: Random, mail: Mail) -> None:
    """Put hostile text into the subject, the sender's name, a file name or the policy's name."""
    text = rng.choice(HOSTILE_TEXTS)
    place = rng.choice(("subject", "subject", "name", "file", "everything", "reply"))
    if place in ("subject", "everything"):
        mail.subject = text
    if place in ("name", "everything"):
        mail.from_name = text
    if place in ("file", "everything"):
        for part in mail.components:
            part.name = text[:400] if part.attachment else part.name
    if place == "everything":
        mail.policy = text[:400]
    if place == "reply":
        mail.reply_to = text[:400]
    mail.double_escaped = rng.random() < 0.5
