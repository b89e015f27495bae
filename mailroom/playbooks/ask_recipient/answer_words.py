"""The words of a yes, a no and a doubt, language by language: data only. Patterns on case-folded text."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AnswerWords:
    """One language. What `against_yes` finds makes a yes doubtful, and so on."""

    code: str
    yes: str
    no: str
    unsure: str
    against_yes: str
    against_no: str


ANSWER_WORDS = (
    AnswerWords(
        code="en",
        yes="yes|yep|yeah|yup|correct",
        no="no|nope|never",
        unsure=("not (?:really |quite |at all )?sure|unsure|not certain|maybe|perhaps|could you|no idea"),
        against_yes=(
            r"block|phish|spam\b|scam|delete|suspicious|\bnot (?:expect|order|know|mine)|"
            "n't (?:expect|order|know)|never"
        ),
        against_no=(
            r"(?<!not )(?<!n't )(?:release|deliver)\b|let it through|"
            r"\bi (?:do |did )?expect|no (?:problem|worries|doubt)"
        ),
    ),
    AnswerWords(
        code="de",
        yes="ja|jawohl|jep|jo|stimmt|richtig",
        no="nein|nee|nö",
        unsure=("nicht (?:ganz |wirklich )?sicher|unsicher|vielleicht|keine ahnung|weiß (?:ich )?nicht"),
        against_yes=(
            r"blockier|phishing|\bspam\b|betrug|lösch|verdächtig|"
            r"\bnicht (?:erwartet|bestellt|bekannt)|kenne ich nicht"
        ),
        against_no=r"(?<!nicht )freigeben|(?<!nicht )zustellen|\bhabe ich erwartet|kein problem",
    ),
    AnswerWords(
        code="fr",
        yes="oui|ouais|exact",
        no="non",
        unsure=(
            r"pas (?:vraiment |très |tout à fait )?(?:sûre?|certaine?)\b|peut-être|"
            "aucune idée|sais pas"
        ),
        against_yes=(
            r"(?<!dé)bloquer|hameçonnage|phishing|\bspam\b|supprim|suspect|attends pas|"
            "connais pas"
        ),
        against_no=(
            "(?:pouvez|veuillez|merci de) (?:le )?débloquer|pas de problème|"
            r"\bje l'attends\b"
        ),
    ),
    AnswerWords(
        code="es",
        yes="sí|si|correcto",
        no="no",
        unsure=r"no (?:lo )?(?:estoy|sé)\b|quizás?|tal vez|ni idea",
        against_yes=(
            r"bloque|phishing|\bspam\b|estafa|borr|sospechos|"
            "no (?:lo |la )?(?:espero|conozco)"
        ),
        against_no="(?<!no )(?:lo|la) espero|no hay problema",
    ),
    AnswerWords(
        code="it",
        yes="sì|si|esatto|corretto",
        no="no",
        unsure=r"non (?:ne )?(?:sono|so)\b|forse|nessuna idea",
        against_yes=(
            r"blocc|phishing|\bspam\b|truffa|cancell|sospett|"
            "non (?:lo |la )?(?:aspett|conosc)"
        ),
        against_no="(?<!non )(?:lo|la) aspett|nessun problema",
    ),
    AnswerWords(
        code="nl",
        yes="ja|jazeker|klopt",
        no="nee|neen",
        unsure="niet (?:helemaal )?zeker|misschien|geen idee|weet (?:het |ik )?niet",
        against_yes=(
            r"blokke|phishing|\bspam\b|verwijder|verdacht|verwacht (?:het |ik )?niet|"
            "ken (?:ik )?niet"
        ),
        against_no="vrijgeven|geen probleem",
    ),
    AnswerWords(
        code="pt",
        yes="sim|correto|certo",
        no="não|nao",
        unsure=r"não (?:tenho|sei|estou)\b|talvez|nao sei|sem ideia",
        against_yes=r"bloque|phishing|\bspam\b|apag|suspeit|não (?:a |o )?(?:espero|conheço)",
        against_no="pode libertar|pode liberar|sem problema|não há problema",
    ),
    AnswerWords(
        code="pl",
        yes="tak|zgadza się",
        no="nie",
        unsure=r"nie (?:jestem|mam) pewn|nie wiem|może\b|chyba",
        against_yes=r"zablok|phishing|\bspam\b|usu[nń]|podejrzan|nie (?:oczekuj|znam)",
        against_no="proszę (?:zwolnić|dostarczyć)|nie ma problemu",
    ),
    AnswerWords(
        code="sv",
        yes="ja|japp|stämmer",
        no="nej|nä",
        unsure="inte (?:helt )?säker|osäker|kanske|vet inte|ingen aning",
        against_yes=(
            r"blockera|nätfiske|phishing|\bspam\b|radera|misstänkt|"
            "väntar (?:det |jag )?inte|känner inte"
        ),
        against_no="släpp|inga problem",
    ),
    AnswerWords(
        code="ja",
        yes="はい|ええ",
        no="いいえ|いや",
        unsure=("わかりません|分かりません|確認が取れません|自信がありません|不明|確認できません|かもしれません"),
        against_yes=("ブロック|フィッシング|迷惑メール|削除|不審|心当たりはありません|予定していません|知りません"),
        against_no="配信をお願い|届けてください|問題ありません",
    ),
)
