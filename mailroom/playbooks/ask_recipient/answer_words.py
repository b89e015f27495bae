"""The words of a yes, a no and a doubt, language by language: data only. Patterns on case-folded text (`ss` for ß)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AnswerWords:
    """One language. What is looked for in a whole answer is looked for in all languages, whoever was asked in which."""

    code: str
    yes: str
    """A sentence that begins so may be a yes."""
    no: str
    """A sentence that begins so may be a no."""
    unsure: str
    agrees: str
    """Words that a person finds for mail they expect: they make a yes with further words a yes."""
    filler: str
    """Words that mean nothing: greetings and thanks."""
    harmless: str
    """What denies without objecting: `no problem`."""
    denies: str
    """Whole words (in Japanese: endings) that a yes does not hold."""
    doubts: str
    """Harm, wishes to block, conditions and contrasts: what a yes does not hold either."""
    against_no: str
    """What makes a no doubtful."""


ANSWER_WORDS = (
    AnswerWords(
        code="en",
        yes="yes|yep|yeah|yup|correct",
        no="no|nope|never",
        unsure="not (?:really |quite |at all )?sure|unsure|not certain|maybe|perhaps|could you|no idea|no clue",
        agrees=(
            r"expect|await|waiting for|\bfine\b|\bok(?:ay)?\b|\bgood\b|\bsafe\b|legit|genuine|release|deliver|"
            r"let (?:it|this) (?:through|in)|go ahead|\border|\bknown?\b|work with|supplier|vendor|customer|client|"
            r"partner|colleague|contract|invoice|request|asked (?:for|them)|of course|\bmine\b"
        ),
        filler=(
            "please|thanks?|thank you|many|so much|very much|for asking|kind|best|regards|cheers|hi|hello|dear|all|team"
        ),
        harmless="(?:no|not a) (?:problem|worries|doubt|issue)s?",
        denies=r"not|no|nope|nobody|none|never|cannot|nothing|unknown|neither|hardly|\w+n't|dont|doesnt|didnt",
        doubts=(
            r"\bblock|phish|\bspam\b|scam|fraud|\bfake|forge|malicious|malware|virus|trojan|suspicious|danger|harmful|"
            r"attack|hack|steal|stolen|threat|bogus|spoof|weird|strange|\bodd\b|wrong|delete|reject|remove|discard|"
            r"quarantine|destroy|get rid|keep (?:it )?(?:away|out|held)|hold it|\bstop|warn|careful|beware|doubt|"
            r"\bbut\b|however|although|\bwait\b|\bif\b|unless|except|\bonly\b|instead|clue"
        ),
        against_no=(
            r"(?<!not )(?<!n't )(?<!never )(?:release|deliver)\b|let (?:it|this) through|"
            r"\bi (?:do |did |was |am )?expect|no (?:problem|worries|doubt)"
        ),
    ),
    AnswerWords(
        code="de",
        yes="ja|jawohl|jep|jo|stimmt|richtig",
        no="nein|nee|nö",
        unsure="nicht (?:ganz |wirklich )?sicher|unsicher|vielleicht|keine ahnung|weiss (?:ich )?(?:es )?nicht",
        agrees=(
            r"erwart|passt|in ordnung|okay|freigeb|freischalt|zustell|durchlass|bestell|\bkenne|\bbekannt|lieferant|"
            "kunde|partner|vertrag|rechnung|angefordert|stimmt|richtig|natürlich|gerne"
        ),
        filler=(
            "bitte|danke|vielen dank|schöne?|grüsse|gruss|mit freundlichen|viele|liebe|hallo|guten tag|"
            "fürs nachfragen|mfg|lg|vg"
        ),
        harmless="kein(?:e)? (?:problem|zweifel)",
        denies=r"nicht|nichts|kein\w*|nie|niemals|niemand|unbekannt\w*|nein|nee|nö",
        doubts=(
            r"\bblockier|\bsperr|betrug|betrüg|gefälscht|fälschung|schädlich|schadsoftware|gefährlich|angriff|"
            "bösartig|verdächtig|komisch|seltsam|merkwürdig|falsch|lösch|entfern|ablehn|zurückweis|zurückhalt|"
            r"vorsicht|zweifel|\baber\b|jedoch|allerdings|obwohl|\bwenn\b|\bfalls\b|sofern|\bnur\b|\bausser\b|"
            r"\bmoment\b"
        ),
        against_no=(
            r"(?<!nicht )freigeben|(?<!nicht )zustellen|\bhabe ich (?:\w+ )?erwartet|"
            r"\bich erwarte (?:sie|es|das|die \w+)(?! nicht)|kein problem"
        ),
    ),
    AnswerWords(
        code="fr",
        yes="oui|ouais|exact",
        no="non",
        unsure=r"pas (?:vraiment |très |tout à fait )?(?:sûre?|certaine?)\b|peut-être|aucune idée|sais pas",
        agrees=(
            r"attend|\bbien\b|débloqu|libér|laissez (?:le )?passer|command|connai|fournisseur|client|partenaire|"
            "contrat|facture|demandé|d'accord"
        ),
        filler="merci|beaucoup|s'il vous plaît|svp|cordialement|bonjour|bien à vous|salutations|bonne journée",
        harmless="(?:pas|aucun) (?:de )?(?:problème|souci|doute)",
        denies="ne|pas|jamais|aucune?|rien|personne|inconnue?|non",
        doubts=(
            r"\bbloqu|hameçonn|arnaque|escroqu|\bfaux\b|fausse|malveillan|dangereu|attaque|pirat|suspect|bizarre|"
            r"étrange|louche|supprim|rejet|refus|efface|quarantaine|méfi|faites attention|doute|\bmais\b|cependant|"
            r"toutefois|pourtant|seulement|uniquement|\bsauf\b|à condition|"
            r"\bsi (?:c'|vous|elle|ils?|je|les?|la|on|cela)|attendez"
        ),
        against_no=(
            "(?:pouvez|veuillez|merci de) (?:le |la )?(?:débloquer|libérer)|laissez(?:-le)? passer|pas de problème|"
            r"\bje l'attends\b"
        ),
    ),
    AnswerWords(
        code="es",
        yes="sí|si|correcto",
        no="no",
        unsure=r"no (?:lo )?(?:estoy|sé)\b|quizás?|tal vez|ni idea",
        agrees=(
            r"espero|esperaba|esperando|\bbien\b|liber|entreg|pedid|\bpedí|conozco|conocid|proveedor|cliente|socio|"
            r"contrato|factura|solicit|de acuerdo|\bvale\b|claro"
        ),
        filler="por favor|muchas|gracias|saludos|cordiales|hola|buenos días|buenas tardes|un saludo",
        harmless="(?:no hay|sin|ningún) problemas?",
        denies=r"no|nunca|jamás|nadie|ning[uú]n\w*|nada|desconoc\w*|tampoco",
        doubts=(
            r"\bbloque|estafa|fraude|\bfals[oa]s?\b|malicios|peligros|ataque|sospechos|\brar[oa]\b|extrañ|borr[ae]|"
            r"elimin|rechaz|cuarentena|cuidado|\bdud[ao]|\bpero\b|aunque|sin embargo|excepto|\bsalvo\b|s[oó]lo\b|"
            "siempre que"
        ),
        against_no="(?<!no )(?:lo|la) espero|puede (?:liberar|entregar)|no hay problema",
    ),
    AnswerWords(
        code="it",
        yes="sì|si|esatto|corretto",
        no="no",
        unsure=r"non (?:ne |lo )?(?:sono|so)\b|forse|nessuna idea",
        agrees=(
            r"aspett|\bbene\b|rilasci|sblocc|consegn|ordinat|conosc|fornitor|client|partner|contratto|fattura|"
            r"richiest|d'accordo|\bcerto\b"
        ),
        filler="per favore|grazie|mille|saluti|cordiali|distinti|buongiorno|ciao",
        harmless="nessun problema|non c'è problema",
        denies=r"non|no|nessun\w*|niente|nulla|sconosciut\w*|neanche",
        doubts=(
            r"\bblocc|truffa|frode|\bfals[oa]\b|malevol|dannos|pericolos|attacco|sospett|\bstran[oa]\b|cancell|elimin|"
            r"rifiut|quarantena|dubbi|\bperò\b|, ma\b|tuttavia|tranne|purché|solo se|\bse (?:è|viene|arriva|proviene)"
        ),
        against_no="(?<!non )(?:lo|la) aspett(?:o|avo)|può (?:rilasciar|consegnar|sbloccar)|nessun problema",
    ),
    AnswerWords(
        code="nl",
        yes="ja|jazeker|klopt",
        no="nee|neen",
        unsure="niet (?:helemaal )?zeker|misschien|geen idee|weet (?:het |ik )?niet",
        agrees=(
            r"verwacht|\bgoed\b|prima|vrijgeven|doorlaten|afleveren|besteld|\bken\b|bekend|leverancier|klant|partner|"
            "contract|factuur|aangevraagd|akkoord|klopt"
        ),
        filler="alstublieft|graag|bedankt|dank u|dank je|wel|groeten|groet|met vriendelijke|hallo|goedendag",
        harmless="geen (?:probleem|twijfel)",
        denies=r"niet|niets|geen|nooit|niemand|onbekend\w*|nee|neen",
        doubts=(
            r"\bblokke|fraude|oplicht|\bvalse?\b|\bnep|kwaadaardig|schadelijk|gevaarlijk|aanval|verdacht|vreemd|"
            r"\braar\b|verwijder|weiger|afwijz|pas op|voorzichtig|twijfel|\bmaar\b|echter|hoewel|"
            r"\bals (?:het|ze|hij|u|dit|dat)\b|indien|tenzij|\bmits\b|alleen\b|\bwacht\b"
        ),
        against_no="(?<!niet )(?:vrijgeven|afleveren)|ik verwacht (?:het|hem|dit)(?! niet)|geen probleem",
    ),
    AnswerWords(
        code="pt",
        yes="sim|correto|certo",
        no="não|nao",
        unsure=r"não (?:tenho|sei|estou)\b|talvez|nao sei|sem ideia",
        agrees=(
            r"espero|esperava|à espera|\bbem\b|libert|liberar|entreg|encomend|pedid|\bpedi\b|conheço|conhecid|"
            r"fornecedor|cliente|parceiro|contrato|fac?tura|solicit|\bcerto\b|claro"
        ),
        filler="por favor|muito|obrigad[oa]|cumprimentos|olá|bom dia|boa tarde|atenciosamente",
        harmless="(?:não há|sem) problemas?",
        denies=r"não|nao|nunca|jamais|ninguém|nenhum\w*|desconhec\w*|nem",
        doubts=(
            r"\bbloque|burla|fraude|\bfals[oa]\b|malicios|perigos|ataque|suspeit|estranh|apag|elimin|rejeit|"
            r"quarentena|cuidado|dúvid|\bmas\b|porém|contudo|todavia|exceto|apenas|somente|\bse (?:for|vier|vem)"
        ),
        against_no="pode (?:libertar|liberar|entregar)|(?<!não )espero-[ao]|sem problema|não há problema",
    ),
    AnswerWords(
        code="pl",
        yes="tak|zgadza się",
        no="nie",
        unsure=r"nie (?:jestem|mam) pewn|nie wiem|może\b|chyba",
        agrees=(
            r"oczekuj|czekam|spodziewam|dobrze|w porządku|zwoln|dostarcz|przepu|zamów|\bznam\b|\bznan|dostawc|klient|"
            "partner|umow|faktur|prosi|zgadza|oczywiście"
        ),
        filler="proszę|bardzo|dziękuję|dzięki|pozdrawiam|dzień dobry|z poważaniem",
        harmless="nie ma (?:problemu|sprawy)|bez problemu",
        denies=r"nie|nigdy|nikt|nic|żad\w*|nieznan\w*",
        doubts=(
            r"zablok|oszust|fałsz|złośliw|szkodliw|niebezpieczn|\batak|podejrzan|dziwn|usu[nńw]|odrzu|kwarantann|"
            r"uwaga|wątpliw|\bale\b|jednak|\blecz\b|tylko|jeśli|jeżeli|o ile"
        ),
        against_no="(?<!nie )(?:proszę|można) (?:zwolnić|dostarczyć)|(?<!nie )oczekuję|nie ma problemu",
    ),
    AnswerWords(
        code="sv",
        yes="ja|japp|stämmer",
        no="nej|nä",
        unsure="inte (?:helt )?säker|osäker|kanske|vet inte|ingen aning",
        agrees=(
            r"vänta|\bbra\b|okej|släpp|leverera|beställ|känner|\bkänd|leverantör|\bkund|partner|avtal|faktura|stämmer|"
            "begärt"
        ),
        filler="tack|snälla|vänligen|hej|mvh|med vänliga|vänlig|hälsningar?|så mycket",
        harmless="inga? (?:problem|tvivel)|inget problem",
        denies=r"inte|ingen|inget|inga|aldrig|okän\w*|ej|nej|nä",
        doubts=(
            r"\bblocker|nätfiske|bedräg|falsk|skadlig|farlig|misstänkt|konstig|underlig|radera|ta bort|avvisa|"
            r"karantän|försiktig|tvivl|\bmen\b|\bdock\b|endast|förutsatt|\bom (?:det|den|ni|du)\b|\bvänta lite\b"
        ),
        against_no="(?<!inte )släpp|(?<!inte )leverera|jag väntar (?:det|på det|den)(?! inte)|inga problem",
    ),
    AnswerWords(
        code="ja",
        yes="はい|ええ",
        no="いいえ|いや",
        unsure="わかりません|分かりません|確認が取れません|自信がありません|不明|確認できません|かもしれません",
        agrees="予定して|予定です|予定の|待って|配信を|届けて|大丈夫|注文し|取引先|知って|存じて|問題",
        filler=(
            "です|でお願いします|お願いします|お願いいたします|よろしく|ありがとうございます|お世話になっております|"
            "お疲れ様です"
        ),
        harmless="(?:問題|間違い)(?:は)?(?:ありません|ございません|ない)",
        denies="ません|ない|いいえ|いや|不明",
        doubts=(
            "ブロック|フィッシング|迷惑メール|詐欺|偽|なりすまし|悪意|ウイルス|マルウェア|危険|攻撃|不審|怪しい|"
            "おかしい|変な|削除|拒否|隔離|しかし|ただし|ですが|けど|もし|場合"
        ),
        against_no="配信をお願い|届けてください|問題ありません",
    ),
)
