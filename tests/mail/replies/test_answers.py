"""What a person wrote, taken out of replies of many mail programs and languages."""

from __future__ import annotations

import pytest

from mailroom.mail.model import Mail
from mailroom.mail.replies import answer_from_text, extract_answer

ATTRIBUTIONS = {
    "en": "On Mon, Mar 4, 2024 at 10:12 AM SOC <soc@northwind.example> wrote:",
    "en wrapped": "On Mon, Mar 4, 2024 at 10:12 AM Security Operations of Northwind <\nsoc@northwind.example> wrote:",
    "en no colon": "---- On Mon, 04 Mar 2024 10:12:00 +0100 soc@northwind.example wrote ----",
    "de": "Am Mo., 4. März 2024 um 10:12 Uhr schrieb SOC <soc@northwind.example>:",
    "de wrapped": "Am 04.03.2024 um 10:12 schrieb\nSecurity Operations <soc@northwind.example>:",
    "de author first": "SOC <soc@northwind.example> schrieb am Mo., 4.\nMärz 2024, 10:12:",
    "fr": "Le lun. 4 mars 2024 à 10:12, SOC <soc@northwind.example> a écrit :",
    "fr wrapped": "Le lun. 4 mars 2024 à 10:12, Security Operations <soc@northwind.example>\na écrit :",
    "es": "El lun, 4 mar 2024 a las 10:12, SOC (<soc@northwind.example>) escribió:",
    "it": "Il giorno lun 4 mar 2024 alle ore 10:12 SOC <soc@northwind.example> ha scritto:",
    "pt": "Em seg., 4 de mar. de 2024 às 10:12, SOC <soc@northwind.example> escreveu:",
    "nl": "Op ma 4 mrt 2024 om 10:12 schreef SOC <soc@northwind.example>:",
    "nl apple": "Op 4 mrt. 2024, om 10:12 heeft SOC <soc@northwind.example> het volgende geschreven:",
    "sv": "Den mån 4 mars 2024 kl 10:12 skrev SOC <soc@northwind.example>:",
    "da": "Den man. 4. mar. 2024 kl. 10.12 skrev SOC <soc@northwind.example>:",
    "no": "man. 4. mars 2024 kl. 10:12 skrev SOC <soc@northwind.example>:",
    "fi": "ma 4. maalisk. 2024 klo 10.12 SOC (soc@northwind.example) kirjoitti:",
    "pl": "pon., 4 mar 2024 o 10:12 SOC <soc@northwind.example> napisał(a):",
    "pl dnia": "Dnia 4 marca 2024 10:12 SOC <soc@northwind.example> napisał(a):",
    "cs": "po 4. 3. 2024 v 10:12 odesílatel SOC <soc@northwind.example> napsal:",
    "sk": "po 4. 3. 2024 o 10:12 SOC <soc@northwind.example> napísal(a):",
    "hu": "SOC <soc@northwind.example> ezt írta (időpont: 2024. márc. 4., H, 10:12):",
    "ro": "În lun., 4 mar. 2024 la 10:12, SOC <soc@northwind.example> a scris:",
    "ru": "пн, 4 мар. 2024 г. в 10:12, SOC <soc@northwind.example>:",
    "ru verb": "4 марта 2024 г., в 10:12, SOC <soc@northwind.example> написал(а):",
    "uk": "пн, 4 бер. 2024 р. о 10:12 SOC <soc@northwind.example> пише:",
    "tr": "SOC <soc@northwind.example>, 4 Mar 2024 Pzt, 10:12 tarihinde şunu yazdı:",
    "hr": "pon, 4. ožu 2024. u 10:12 SOC <soc@northwind.example> napisao je:",
    "ja": "2024年3月4日(月) 10:12 SOC <soc@northwind.example>:",
    "zh": "SOC <soc@northwind.example> 于2024年3月4日周一 10:12写道：",
    "ko": "2024년 3월 4일 (월) 오전 10:12, SOC <soc@northwind.example>님이 작성:",
    "vi": "Vào Th 2, 4 thg 3, 2024 vào lúc 10:12 SOC <soc@northwind.example> đã viết:",
    "id": "Pada tanggal Sen, 4 Mar 2024 pukul 10.12 SOC <soc@northwind.example> menulis:",
    "th": "ในวันที่ จ. 4 มี.ค. 2024 เวลา 10:12 SOC <soc@northwind.example> เขียนว่า:",
    "zoho nl": "---- Op ma, 04 mrt 2024 10:12:00 +0100 SOC <soc@northwind.example> schreef ----",
    "zoho zh": "---- 在 星期一, 04 三月 2024 10:12:00 +0800 SOC <soc@northwind.example> 撰写 ----",
    "ko thunderbird": "2024-03-04 오전 10:12에 SOC 이(가) 쓴 글:",
    "sl": "V V pon., 4. mar. 2024 ob 10:12 je oseba SOC <soc@northwind.example> napisala:",
    "notes": "SOC---03/04/2024 10:12:00 AM---Held mail",
    "lt": "2024-03-04, pr, 10:12 SOC <soc@northwind.example> rašė:",
    "lv": "pirmd., 2024. g. 4. marts, plkst. 10:12 — lietotājs SOC (<soc@northwind.example>) rakstīja:",
    "is": "Þann mán., 4. mar. 2024 kl. 10:12 skrifaði SOC <soc@northwind.example>:",
    "el": "Στις Δευ 4 Μαρ 2024 στις 10:12 π.μ., ο χρήστης SOC <soc@northwind.example> έγραψε:",
    "ca": "Missatge de SOC <soc@northwind.example> del dia dl., 4 de març 2024 a les 10:12:",
    "ja apple": "2024/03/04 10:12、SOC <soc@northwind.example>のメール:",
    "pl apple": "Wiadomość napisana przez SOC <soc@northwind.example> w dniu 4 mar 2024, o godz. 10:12:",
    "uk roundcube": "SOC писав 2024-03-04 10:12:",
    "ru the bat": "Вы писали 4 марта 2024 г., 10:12:33:",
    "fa": "در تاریخ دوشنبه ۴ مارس ۲۰۲۴، ۱۰:۱۲ SOC <soc@northwind.example> نوشت:",
    "hi": "सोम, 4 मार्च 2024 को 10:12 am बजे को SOC <soc@northwind.example> ने लिखा:",
    "gl": "O luns, 4 mar 2024 ás 10:12, SOC (<soc@northwind.example>) escribiu:",
    "eu": "SOC erabiltzaileak (<soc@northwind.example>) hau idatzi du (2024 mar. 4, al. (10:12)):",
    "fil": "Noong Lun, Mar 4, 2024 nang 10:12 AM, sinulat ni SOC <soc@northwind.example> ang:",
    "tuta": "4. März 2024, 10:12 von soc@northwind.example:",
    "tuta en": "Mar 4, 2024, 10:12 by soc@northwind.example:",
    "fairemail": "Mar 4, 2024, 10:12:33 AM SOC <soc@northwind.example>:",
    "groupwise": ">>> On 3/4/2024 at 10:12 AM, in message <65E5A1B3@x.example>,\nSOC <soc@x.example> wrote:",
    "el saturday": "Το Σάββατο 4 Μαρτίου 2024, ο χρήστης SOC έγραψε τα εξής:",
}
BLOCKS = {
    "en": "From: SOC <soc@northwind.example>\nSent: Monday, March 4, 2024 10:12 AM\nTo: Kim\nSubject: Held mail",
    "en bold": "*From:* SOC <soc@northwind.example>\n*Sent:* Monday, March 4, 2024\n*To:* Kim\n*Subject:* Held mail",
    "de": "Von: SOC <soc@northwind.example>\nGesendet: Montag, 4. März 2024 10:12\nAn: Kim\nBetreff: Mail",
    "fr": "De : SOC <soc@northwind.example>\nEnvoyé : lundi 4 mars 2024 10:12\nÀ : Kim\nObjet : Mail",
    "es": "De: SOC <soc@northwind.example>\nEnviado: lunes, 4 de marzo de 2024\nPara: Kim\nAsunto: Correo",
    "it": "Da: SOC <soc@northwind.example>\nInviato: lunedì 4 marzo 2024\nA: Kim\nOggetto: Posta",
    "nl": "Van: SOC <soc@northwind.example>\nVerzonden: maandag 4 maart 2024\nAan: Kim\nOnderwerp: Mail",
    "sv": "Från: SOC <soc@northwind.example>\nSkickat: den 4 mars 2024 10:12\nTill: Kim\nÄmne: Mejl",
    "pl": "Od: SOC <soc@northwind.example>\nWysłano: poniedziałek, 4 marca 2024\nDo: Kim\nTemat: Mail",
    "ja": "差出人: SOC <soc@northwind.example>\n送信日時: 2024年3月4日\n宛先: Kim\n件名: メール",
    "zh": "发件人： SOC <soc@northwind.example>\n发送时间： 2024年3月4日\n收件人： Kim\n主题： 邮件",
    "vi": "Từ: SOC <soc@northwind.example>\nĐã gửi: Thứ Hai, 4 tháng 3, 2024\nTới: Kim\nChủ đề: Thư",
    "id": "Dari: SOC <soc@northwind.example>\nDikirim: 4 Maret 2024 10:12\nKepada: Kim\nSubjek: Surat",
    "th": "จาก: SOC <soc@northwind.example>\nส่ง: 4 มีนาคม 2024 10:12\nถึง: Kim\nเรื่อง: จดหมาย",
    "sl": "Od: SOC <soc@northwind.example>\nPoslano: ponedeljek, 4. marec 2024\nZa: Kim\nZadeva: Sporočilo",
    "lt": "Nuo: SOC <soc@northwind.example>\nIšsiųsta: 2024 m. kovo 4 d.\nKam: Kim\nTema: Laiškas",
    "lv": "No: SOC <soc@northwind.example>\nNosūtīts: pirmdiena, 2024. gada 4. marts\nKam: Kim\nTēma: Vēstule",
    "el": "Αποστολέας: SOC <soc@northwind.example>\nΣτάλθηκε: 4 Μαρτίου 2024 10:12\nΠρος: Kim\nΘέμα: Μήνυμα",
    "fa": "از: SOC <soc@northwind.example>\nارسال شده: دوشنبه ۴ مارس ۲۰۲۴ ۱۰:۱۲\nبه: Kim\nموضوع: نامه",
    "sr": "Од: SOC <soc@northwind.example>\nПослато: понедељак, 4. март 2024. 10:12\nЗа: Kim\nТема: Пошта",
    "eu": "Nork: SOC <soc@northwind.example>\nBidaltze-data: 2024(e)ko martxoaren 4(a) 10:12\nNori: Kim\nGaia: Posta",
    "hi": "प्रेषक: SOC <soc@northwind.example>\nप्रेषित: सोमवार, 4 मार्च 2024 10:12\nप्रति: Kim\nविषय: मेल",
    "ms": "Daripada: SOC <soc@northwind.example>\nDihantar: Isnin, 4 Mac 2024 10:12\nKepada: Kim\nSubjek: Mel",
    "ko": "보낸 사람: SOC <soc@northwind.example>\n보낸 날짜: 2024년 3월 4일\n받는 사람: Kim\n제목: 메일",
}


@pytest.mark.parametrize("line", ATTRIBUTIONS.values(), ids=ATTRIBUTIONS)
@pytest.mark.parametrize("mark", ["> ", ""], ids=["quoted", "bare"])
def test_an_attribution_line_ends_the_answer_in_every_language(line: str, mark: str) -> None:
    answer = answer_from_text(
        f"Yes, I know the sender.\nPlease release it.\n\n{line}\n\n{mark}Is this mail expected?\n"
    )
    assert answer.text == "Yes, I know the sender.\nPlease release it."
    assert (answer.cut, answer.inline) == ("text", False)
    assert "Is this mail expected?" in answer.quoted


@pytest.mark.parametrize(
    "line",
    [
        "Neges gan SOC <soc@northwind.example> ar ddydd Llun, 4 Mawrth 2024 am 10:12:",
        "Më hën, 4 mar 2024 në 10:12 SOC <soc@northwind.example> shkroi:",
        "* SOC <soc@northwind.example> [2024-03-04 10:12:33 +0100]:",
        'Quoting "SOC" <soc@northwind.example>:',
        "Zitat von SOC <soc@northwind.example>:",
        "Neges gan Security Operations o Northwind Traders yng Nghaerdydd <\nsoc@northwind.example> ar 4/03/2024:",
    ],
)
def test_an_unknown_language_is_known_by_address_date_and_the_quote_below(line: str) -> None:
    answer = answer_from_text(f"Yes, I know the sender.\nPlease release it.\n{line}\n\n> Is this mail expected?\n")
    assert answer.text == "Yes, I know the sender.\nPlease release it."
    unquoted = f"I had a mail of bob@northwind.example on 2024-03-04:\n\nplease look.\n{line}\nIs it expected?"
    assert line.split()[-1] in answer_from_text(unquoted).text


@pytest.mark.parametrize("block", BLOCKS.values(), ids=BLOCKS)
@pytest.mark.parametrize("rule", ["", "_" * 32 + "\n", "-----Original Message-----\n"], ids=["plain", "rule", "words"])
def test_a_header_block_ends_the_answer_in_every_language(block: str, rule: str) -> None:
    answer = answer_from_text(f"No, reject it.\n\n{rule}{block}\n\nIs this mail expected?\n")
    assert answer.text == "No, reject it."


def test_the_language_of_the_mail_program_is_known() -> None:
    assert answer_from_text(f"Ja.\n\n{ATTRIBUTIONS['de']}\n> Frage").language == "de"
    assert answer_from_text(f"Oui.\n\n{BLOCKS['fr']}\n\nQuestion").language == "fr"
    assert answer_from_text("Nothing quoted here.").language is None


def test_an_answer_below_the_quote_is_found() -> None:
    answer = answer_from_text(f"{ATTRIBUTIONS['en']}\n> Is this mail expected?\n> Please answer.\n\nYes.\n")
    assert (answer.text, answer.inline) == ("Yes.", True)


def test_answers_between_quotes_are_kept_without_the_quotes() -> None:
    body = f"{ATTRIBUTIONS['en']}\n> First question?\n\nFirst answer.\n\n> Second question?\n\nSecond answer.\n"
    answer = answer_from_text(body)
    assert answer.text.split() == ["First", "answer.", "Second", "answer."]
    assert answer.inline


def test_text_in_front_of_an_attribution_on_the_same_line_is_kept() -> None:
    body = "Release it. On Mon, Mar 4, 2024 at 10:12 AM, soc@northwind.example wrote:\n> Is this expected?"
    assert answer_from_text(body).text == "Release it."


@pytest.mark.parametrize(
    "body",
    [
        "On the whole I agree.\nOn Monday we can talk.",
        "Bob wrote to me: he never saw it.",
        "I got this:\nFrom time to time it happens.",
        "One more thing: the mail was sent by 12:30:\nplease check.",
        "Look at\n>>> >>> http://shop.example <<<\nand tell me.",
        "Agenda\n------\n\n1. Mail\n2. More mail\n",
        "Ja.\n\nDie Mail habe ich gestern mit Outlook gesendet",
        "Ja.\n\nVon Bob per Mail gesendet",
        "Ja.\n\nOutlook für Bob ist kaputt",
    ],
)
def test_ordinary_text_is_left_alone(body: str) -> None:
    answer = answer_from_text(body)
    assert answer.text == body.strip()
    assert answer.cut == "none"


@pytest.mark.parametrize(
    "line",
    [
        "Sent from my iPhone", "Von meinem iPhone gesendet", "Gesendet von Outlook für Android", "Envoyé de mon iPhone",
        "Enviado desde mi iPhone", "Inviato da iPhone", "Verstuurd vanaf mijn iPad", "Skickat från min iPhone",
        "Sendt fra min iPhone", "Lähetetty iPhonesta", "Wysłano z iPhone'a", "Отправлено с iPhone", "iPhoneから送信",
        "发自我的iPhone", "나의 iPhone에서 보냄", "Get Outlook for iOS<https://aka.ms/o0ukef>",
        "Pobierz aplikację Outlook dla systemu iOS<https://aka.ms/o0ukef>", "iOS için Outlook'u edinin<https://aka.ms/o0ukef>",
        "Получить Outlook для Android<https://aka.ms/AAb9ysg>", "Vom Handy gesendet.", "Von unterwegs gesendet",
        "Skickades från E-post för Windows", "iPhone-ról küldve", "获取适用于 iOS 的 Outlook", "iOS 版 Outlook を入手",
        "Sent from my Verizon, Samsung Galaxy smartphone", "Get BlueMail for Android", "Sent using Zoho Mail",
        "Diese Nachricht wurde von meinem Android Mobiltelefon mit GMX Mail gesendet.", "Van mijn iPhone verzonden",
        "Mit Proton Mail sicherer E-Mail gesendet.", "Obtenez Outlook pour iOS", "Скачайте Outlook для iOS",
        "Vom Mobiltelefon gesendet, bitte Tippfehler entschuldigen", "发自我的华为手机", "发自QQ邮箱",
        "获取适用于iOS的Outlook", "iOS용 Outlook 받기", "Sent from Mailspring, the best free email app for work",
        "从 Windows 版邮件发送", "Samsung Galaxy 스마트폰에서 보냈습니다.", "发自网易邮箱大师",
        "Отправлено с мобильного устройства", "أُرسلت من الـ iPhone", "ارسال‌شده از iPhone من", "来自我的iPhone",
        "Sent from Rediffmail", "Sent from Alto", "Sent from eM Client | www.emclient.com", "Posláno z iPhone",
        "Securely sent with Tutanota. Get your own encrypted, ad-free mailbox: https://tutanota.com",
        "Sent from my BlackBerry 10 smartphone on the Verizon Wireless 4G LTE network.", "Von Samsung-Tablet gesendet",
        "네이버 메일 앱에서 보냄", "Terkirim dari iPhone saya",
    ],
)  # fmt: skip
def test_what_a_phone_adds_is_no_answer(line: str) -> None:
    answer = answer_from_text(f"Yes.\n\n{line}\n\n{ATTRIBUTIONS['en']}\n> Q")
    assert (answer.text, answer.signature) == ("Yes.", line)


@pytest.mark.parametrize(
    "sentence",
    [
        "Sent from my desk, which is easier than the phone.",
        "From my phone I cannot open the attachment",
        "Typed on my phone but it is mine",
        "Von meinem Handy aus kann ich das nicht prüfen",
        "Von meinem Kollegen am Telefon bestätigt",
        "Outlook für iOS zeigt mir die Mail nicht an",
        "Get Outlook for the new colleague please",
        "Enviado por mi jefe desde su móvil",
        "Envoyé par le client depuis son téléphone",
        "Wysłane z telefonu klienta wczoraj",
        "Отправлено с телефона клиента вчера",
        "Lähetetty eilen puhelimella",
        "Sent from the warehouse by phone order",
        "Sent via DHL",
        "Sent from Berlin",
        "Sent by Orange, my phone provider",
        "Sent using the mail merge tool",
        "Sent from my boss by mistake",
        "Sent via our mail gateway",
        "Sent with DHL (https://dhl.example/track)",
        "Sent from Contoso (https://contoso.example)",
        "Von Samsung gesendet",
        "Vom Handy-Shop geschickt",
        "Mit E-Mail verschickt",
        "Gesendet mit unserer App",
        "Envoyé par notre serveur mail",
        "Enviado por email",
        "通过邮件发送",
        "从公司邮箱发送",
        "发自供应商的邮件",
        "会社のメールから送信",
        "회사 메일에서 보냄",
    ],
)
def test_a_sentence_that_begins_like_a_phones_line_stays(sentence: str) -> None:
    assert answer_from_text(f"Yes.\n\n{sentence}").text == f"Yes.\n\n{sentence}"


@pytest.mark.parametrize("text", ["این را نمی‌شناسم", "क्‌ष ठीक है"], ids=["fa", "hi"])
def test_a_non_joiner_that_belongs_to_the_spelling_stays_and_a_filler_goes(text: str) -> None:
    assert answer_from_text(f"{text}\n\n{ATTRIBUTIONS['en']}\n> Q").text == text
    assert answer_from_text(f"Yes‌.\n\n{ATTRIBUTIONS['en']}\n> Q").text == "Yes."


def test_a_signature_below_two_dashes_is_cut_and_kept_apart() -> None:
    answer = answer_from_text("Yes.\n\n-- \nKim Lee\nNorthwind\n")
    assert (answer.text, answer.signature) == ("Yes.", "-- \nKim Lee\nNorthwind")


def test_a_signature_below_a_row_of_long_dashes_is_cut() -> None:
    assert answer_from_text("Yes.\n\n—————\nKim Lee\nNorthwind\n").text == "Yes."
    assert answer_from_text(f"是的。\n\n{'—' * 30}\n\n小满\n活动协调人\n").text == "是的。"
    assert "第二" in answer_from_text(f"第一部分。\n\n{'—' * 30}\n\n第二部分也可以。\n").text
    assert (
        "Part two" in answer_from_text("Part one.\n\n—————\n\nPart two, which goes on with a long sentence here.").text
    )


def test_a_mailing_lists_footer_is_cut() -> None:
    body = "Yes.\n\n_______________________\nstaff mailing list\nstaff@lists.northwind.example\n"
    assert answer_from_text(body).text == "Yes."


def test_a_mail_that_is_all_quote_keeps_its_text_and_says_so() -> None:
    body = f"{ATTRIBUTIONS['en']}\n> Is this mail expected?"
    answer = answer_from_text(body)
    assert (answer.text, answer.cut) == (body, "failed")


def test_a_forwarded_mail_is_not_taken_for_a_quote() -> None:
    body = "FYI\n\n---------- Forwarded message ---------\nFrom: Bob <bob@example.com>\nDate: today\nSubject: x\n\nText"
    assert answer_from_text(body).text == body


HTML = {
    "gmail": '<div dir="ltr">Yes.</div><br><div class="gmail_quote"><div class="gmail_attr">Some words in no language '
    "we know:<br></div><blockquote class=gmail_quote>Q?</blockquote></div>",
    "gmail old": '<div>Yes.</div><div class="gmail_extra"><div class="gmail_quote">On Mon, SOC '
    '<span>&lt;<a href="mailto:soc@x.example">soc@x.example</a>&gt;</span> wrote:<br><blockquote class="gmail_quote">'
    "Q?</blockquote></div></div>",
    "outlook web": '<div>Yes.</div><hr><div id="divRplyFwdMsg"><b>From:</b> SOC<br><b>Sent:</b> x</div><div>Q?</div>',
    "outlook": "<p class=MsoNormal>Yes.</p><div><div style='border:none;border-top:solid #E1E1E1 "
    "1.0pt'><p><b>From:</b> "
    "SOC<br><b>Sent:</b> Monday<br><b>Subject:</b> Q</p></div></div><p>Q?</p>",
    "thunderbird": '<p>Yes.</p><div class="moz-cite-prefix">Am 4.3.24 schrieb SOC:</div><blockquote type="cite">Q?'
    "</blockquote>",
    "apple": '<div>Yes.<div><br><blockquote type="cite"><div>On 4 Mar 2024, SOC '
    "wrote:</div>Q?</blockquote></div></div>",
    "yahoo": '<div>Yes.</div><div id="ydp1yahoo_quoted_1" class="ydp1yahoo_quoted"><div>On Monday:</div>Q?</div>',
    "proton": '<div>Yes.</div><div class="protonmail_quote">On Monday, SOC wrote:<blockquote>Q?</blockquote></div>',
    "hotmail": '<div>Yes.<br><hr id="stopSpelling">Date: x<br>From: soc@x.example<br><br>Q?</div>',
    "plain blockquote": "Yes.<div>On 4 Mar 2024, SOC &lt;soc@x.example&gt; wrote:</div><blockquote>Q?</blockquote>",
    "no markup": "<div>Yes.</div><div>On 4 Mar 2024, SOC &lt;soc@x.example&gt; wrote:</div><div>Q?</div>",
    "one line": "Yes.<div><hr><div><b>From: soc@x.example</b> <b>Date: Mon, 4 Mar 2024</b></div><div>Q?</div></div>",
}


@pytest.mark.parametrize("html", HTML.values(), ids=HTML)
def test_the_markup_of_every_mail_program_tells_quote_from_answer(html: str) -> None:
    answer = extract_answer(Mail("", 0, html=html, content_type="text/html"))
    assert answer.text == "Yes."
    assert "Q?" in answer.text_full


def test_answers_between_gmails_quotes_are_kept() -> None:
    html = (
        'Hello<div class="gmail_quote"><div class="gmail_attr">On x:</div><blockquote '
        'class="gmail_quote">Q1</blockquote>'
        '<div>A1</div><blockquote class="gmail_quote">Q2</blockquote><div>A2</div></div>'
    )
    answer = extract_answer(Mail("", 0, html=html))
    assert answer.text.split() == ["Hello", "A1", "A2"]
    assert answer.inline


def test_html_structure_is_preferred_to_text_rules() -> None:
    html = '<div>Yes.</div><div class="gmail_quote"><blockquote class="gmail_quote">Q?</blockquote></div>'
    answer = extract_answer(Mail("", 0, text="Yes.\n\nWords nobody knows:\nQ?", html=html))
    assert (answer.text, answer.cut) == ("Yes.", "html")


def test_nested_and_broken_markup_does_no_harm() -> None:
    html = '<div class="gmail_quote"><div class="gmail_quote">' * 50 + "<blockquote>" * 50 + "deep"
    assert extract_answer(Mail("", 0, html=f"Yes.{html}")).text == "Yes."
    assert extract_answer(Mail("", 0, html="")).text == ""
    assert extract_answer(Mail("", 0, html="<blockquote>only a quote</blockquote>")).cut == "failed"


@pytest.mark.parametrize(
    "marked",
    [
        '<div id="Signature"><p>Kim Lee</p><p>Northwind</p></div>',
        '-- <br><div class="gmail_signature"><div>Kim Lee</div><div>Northwind</div></div>',
        '<div class="moz-signature">Kim Lee<br>Northwind</div>',
        '<div dir="auto" data-smartmail="gmail_signature">Kim Lee<br>Northwind</div>',
        '<div class="io-ox-signature"><p>Kim Lee</p><p>Northwind</p></div>',
        '<div id="_rc_sig"><p>Kim Lee</p><p>Northwind</p></div>',
        "<signature>Kim Lee<br>Northwind</signature>",
        '<hr id="FMSigSeperator"><div>Kim Lee<div>Northwind</div></div>',
    ],
)
def test_a_signature_that_the_mail_program_marked_is_no_answer(marked: str) -> None:
    quoted = '<hr><div id="divRplyFwdMsg"><b>From:</b> SOC<br><b>Sent:</b> Monday</div><p>Is it yours?</p>'
    answer = extract_answer(Mail("", 0, html=f"<p>Yes, it is mine.</p>{marked}{quoted}"))
    assert (answer.text, answer.signature.split()) == ("Yes, it is mine.", ["Kim", "Lee", "Northwind"])


def test_words_below_a_marked_signature_are_kept_and_a_signature_alone_is_the_answer() -> None:
    signature = '<div class="gmail_signature">Kim</div>'
    assert (
        extract_answer(Mail("", 0, html=f"<p>Yes.</p>{signature}<p>But not today.</p>")).text
        == "Yes.\n\nBut not today."
    )
    assert extract_answer(Mail("", 0, html=signature)).text == "Kim"
    below = '<hr id="FMSigSeperator"><div>Yes, it is mine.</div><blockquote>Is it yours?</blockquote>'
    assert extract_answer(Mail("", 0, html=below)).text == "Yes, it is mine."


def test_an_answer_typed_into_the_signature_is_kept() -> None:
    html = f'<p>Hello,</p><div id="Signature">{"<p>It was I who ordered this, on Monday.</p>" * 50}</div>'
    assert extract_answer(Mail("", 0, html=html)).text.count("Monday") == 50


def test_words_in_front_of_a_quote_are_no_attribution_because_gmail_marked_both() -> None:
    html = (
        '<div class="gmail_quote"><div>Yes, both are mine.</div><div>Kim</div><br>On Mon, Mar 4, 2024 SOC '
        '&lt;soc@x.example&gt; wrote:<br><blockquote class="gmail_quote">Are they yours?</blockquote></div>'
    )
    assert extract_answer(Mail("", 0, html=html)).text == "Yes, both are mine.\nKim"


def test_indented_words_are_no_quote_and_quotes_at_the_end_go_together() -> None:
    indented = '<p>I ordered:</p><blockquote style="margin:0 0 0 40px;border:none;padding:0px">one lamp</blockquote>'
    assert extract_answer(Mail("", 0, html=indented)).text.split("\n")[-1] == "one lamp"
    several = "<p>Yes.</p><blockquote>Is it</blockquote><div><br></div><blockquote>yours?</blockquote>"
    assert extract_answer(Mail("", 0, html=several)).text == "Yes."


def test_a_separator_of_typographic_hyphens_is_one() -> None:
    text = "Yes.\n\n‐‐‐‐‐‐‐ Original Message ‐‐‐‐‐‐‐\nOn Monday, SOC <soc@x.example> wrote:\n\nIs it yours?"
    assert answer_from_text(text).text == "Yes."


def test_words_between_quotes_with_a_line_beside_them_are_the_answer() -> None:
    style = "border-left-style: solid; border-left-color: teal"
    html = (
        f'<p>On 4 March 2024, SOC &lt;soc@x.example&gt; wrote:</p><blockquote style="{style}">Is it yours?</blockquote>'
        f'<p>Yes.</p><blockquote style="{style}">Since when?</blockquote><p>Since May.</p>'
    )
    answer = extract_answer(Mail("", 0, html=html))
    assert (answer.text, answer.inline) == ("Yes.\n\nSince May.", True)


def test_a_word_and_a_full_stop_above_an_attribution_is_an_answer() -> None:
    line = "Më hën., 4. mar. 2024 në 10:12 shkroi SOC <soc@northwind.example>:"
    for gap in ("\n", "\n\n"):
        assert answer_from_text(f"Po.{gap}{line}\n\n> Is this mail expected?").text == "Po."


@pytest.mark.parametrize(
    "separator",
    [
        ">>> SOC <soc@x.example> 05/14/25 10:00 AM >>>",
        "##- Please type your reply above this line -##",
    ],
)
def test_what_an_unusual_separator_announces_is_quoted(separator: str) -> None:
    assert answer_from_text(f"Yes.\n\n{separator}\nIs it yours?\n").text == "Yes."


def test_a_table_drawn_with_bars_is_no_quote() -> None:
    table = "| mail | mine |\n| ---- | ---- |\n| first | yes |"
    assert answer_from_text(f"Here they are:\n\n{table}").text == f"Here they are:\n\n{table}"
    assert answer_from_text("On 4 March 2024 SOC <soc@x.example> wrote:\n| Is it yours?\n\nYes.").text == "Yes."


@pytest.mark.parametrize("items", [["Lamp"], ["Lamp", "Two Chairs"], ["one lamp", "Chairs for all"]])
def test_the_last_item_of_a_list_is_no_signature(items: list[str]) -> None:
    html = f"<p>I ordered these:</p><ul>{''.join(f'<li>{item}</li>' for item in items)}</ul>"
    assert extract_answer(Mail("", 0, html=html)).text == "I ordered these:\n\n" + "\n".join(
        f"- {one}" for one in items
    )
    assert answer_from_text("I ordered these\n\n- one lamp\n\n- Chairs").text.endswith("- Chairs")
    assert answer_from_text("I ordered them.\n\n- Kim van der Lee").text == "I ordered them."


def test_an_answer_that_looks_like_a_label_is_kept() -> None:
    assert answer_from_text(f"Date: tomorrow is fine\n\n{BLOCKS['en']}\n\nWhen?").text == "Date: tomorrow is fine"


@pytest.mark.parametrize(
    "lines",
    [
        "Security Operations Center of Northwind Traders\n<soc@northwind.example> schrieb am 04.03.2024 10:12:",
        "Security Operations Center of Northwind Traders <\nsoc@northwind.example> schrieb am 04.03.2024 10:12:",
        "Security Operations <soc@northwind.example> hat am\n04.03.2024 10:12 CET geschrieben:",
        "Le lun. 4 mars 2024 à 10:12, Security Operations <soc@northwind.example> a écrit\n:",
    ],
)
@pytest.mark.parametrize("quote", ["> Is it yours?", "Is it yours?"])
def test_an_attribution_goes_whole_wherever_it_was_wrapped(lines: str, quote: str) -> None:
    for gap in ("\n\n", "\n"):
        assert answer_from_text(f"Yes, sure.\nKim{gap}{lines}\n\n{quote}").text == "Yes, sure.\nKim"
    asked = "I asked Bob <bob@northwind.example>\n\nOn 4 March 2024, SOC wrote:\n> Is it yours?"
    assert answer_from_text(asked).text == "I asked Bob <bob@northwind.example>"


@pytest.mark.parametrize(
    "line",
    [
        "Kim Lee wrote:",
        "Kim Lee <kim@northwind.example> wrote:",
        "kim@northwind.example schrieb:",
        "Le 4 mars, Kim a écrit :",
        "Kim Lee via Helpdesk wrote:",
        "Kim Lee <kim@northwind.example>\nwrote:",
        "Kim Lee <kim@northwind.example> ezt írta (időpont:\n2024. márc. 4., H, 10:12):",
        "Kim Lee <kim@northwind.example>, 4 Mar 2024\nPzt, 10:12 tarihinde şunu yazdı:",
    ],
)
@pytest.mark.parametrize(
    "answer",
    [
        "Yes, sure.",
        "Hello,\nyes, sure",
        "Hello\n\nplease release it, thanks\nAnn",
        "Hello,\nplease ask Ann <ann@northwind.example>",
        "Hello,\nthe time was 10:12",
        "Hello,\nsee you on Monday, 4 March",
    ],
)
def test_the_line_right_above_an_attribution_without_a_date_is_kept(answer: str, line: str) -> None:
    for gap in ("\n", "\n\n"):
        assert answer_from_text(f"{answer}{gap}{line}\n> Is it yours?").text == answer


@pytest.mark.parametrize(
    "line",
    [
        "Thanks! On Mon, 4 Mar 2024 at 10:12 Kim <kim@northwind.example> wrote:",
        "Thanks! On Mon, 4 Mar 2024 at 10:12 Kim\n<kim@northwind.example> wrote:",
        "Thanks!\nKim Lee on 4 Mar 2024 at 10:12 wrote:",
        "Thanks!\nkim@northwind.example on 4 Mar 2024 wrote:",
    ],
)
def test_an_attribution_begins_with_its_author_or_with_a_capital(line: str) -> None:
    assert answer_from_text(f"{line}\n> Is it yours?").text == "Thanks!"


@pytest.mark.parametrize(
    "line",
    [
        "সোম, ৪ মার্চ, ২০২৪ তারিখে ১০:১২ টায় এ SOC <soc@northwind.example> লিখেছেন:",
        "सोम, ४ मार्च २०२४ रोजी १०:१२ वाजता SOC <soc@northwind.example> यांनी लिहिले:",
    ],
)
def test_a_date_in_digits_of_another_script_is_a_date(line: str) -> None:
    assert answer_from_text(f"Yes, sure.\n\n{line}\n\n> Is it yours?").text == "Yes, sure."


BELOW = {
    "a quote": "On Mon, Mar 4, 2024 at 10:12 AM SOC <soc@northwind.example> wrote:\n> Is it yours?",
    "a header block": "From: SOC <soc@northwind.example>\nSent: Monday, March 4, 2024\nSubject: Mail\n\nIs it yours?",
    "a separator": "-----Original Message-----\n\nIs it yours?",
}


@pytest.mark.parametrize("below", BELOW.values(), ids=BELOW)
@pytest.mark.parametrize(
    "words",
    [
        "Here is what Bob wrote to me on 2 March 2024:\n\nPlease pay the bill.\n\nSo it is fine.",
        "Das schrieb mir Herr Maier am 04.03.2024 um 10:12:\n\nBitte zahlen.\n\nAlso in Ordnung.",
        "Am 4. März 2024 um 10:12 schrieb ich dem Lieferanten:\n\nBitte Rechnung senden.\n\nErledigt.",
        "Voici ce que Paul m'a écrit le 4 mars 2024 à 10:12 :\n\nMerci de payer.\n\nDonc c'est bon.",
        "I sent it on 4 March 2024 to bob@contoso.example:\n- invoice\n- offer\n\nBoth are fine.",
        "The sender (bob@contoso.example) says:\nit is the invoice of February\n\nPlease release it.",
        "Вот что написал мне Иван 4 марта 2024 г. в 10:12:\n\nОплатите.\n\nВсё в порядке.",
        "Answers:\nSubject: yes\nSender: known\nDate: ok\n\nKim",
        "Ich bin erreichbar\nVon: 9 Uhr\nAn: Werktagen\nDatum: ab 4.3.\n\nBitte anrufen.",
    ],
)
def test_a_sentence_that_reads_like_an_attribution_is_the_persons_own_when_the_real_one_stands_below(
    words: str, below: str
) -> None:
    assert answer_from_text(f"Hello,\n\n{words}\n\n{below}\n").text == f"Hello,\n\n{words}"


@pytest.mark.parametrize("below", BELOW.values(), ids=BELOW)
@pytest.mark.parametrize(
    "line",
    [
        "Às 10:12 de 04/03/2024, SOC escreveu:",
        "SOC Team schreef op 2024-03-04 10:12:",
        "SOC Team писал(а) 2024-03-04 10:12:",
        "SOC Team schrieb am Montag, 4. März 2024 um 10:12:33 UTC+1:",
        "SOC Team, 4.03.2024 10:12 tarihinde yazdı:",
        "SOC Team 於 2024/3/4 上午 10:12 寫道:",
        "Marie Ng kirjoitti 4.3.2024 klo 10.12:",
        "SOC/Munich/Northwind wrote on 03/04/2024 10:12:33 AM:",
        "Wiadomość napisana przez SOC <soc@northwind.example> w dniu 04.03.2024, o godz. 10:12:",
        "Kuupäev E, 4. märts 2024 kell 10:12 kirjutas SOC <soc@northwind.example>:",
    ],
)
def test_a_line_of_nothing_but_a_name_a_verb_and_a_time_ends_the_answer_whatever_stands_below(
    line: str, below: str
) -> None:
    assert answer_from_text(f"Yes.\n\nAnn\n\n{line}\n\nWas it yours?\n\n{below}\n").text == "Yes.\n\nAnn"


@pytest.mark.parametrize(
    "line",
    [
        "Às 10:12 de 04/03/2024, SOC escreveu:",
        "SOC kirjoitti 4.3.2024 klo 10.12:",
        "SOC schreef op 2024-03-04 10:12:",
        "SOC/Munich/Northwind wrote on 03/04/2024 10:12:33 AM:",
        "On 3/4/24 10:12, SOC wrote:",
    ],
)
@pytest.mark.parametrize(
    "last",
    [
        "Kim Lee <kim@fabrikam.example>",
        "Bob Smith <bob@contoso.example>",
        "I got it on 4 March 2024 10:15",
        "On it",
        "1) yes\n2) no",
    ],
)
@pytest.mark.parametrize("gap", ["\n", "\n\n"])
def test_what_stands_above_a_whole_attribution_is_the_answer(line: str, last: str, gap: str) -> None:
    for quote in ("> Is it yours?", "Is it yours?"):
        assert answer_from_text(f"Yes.\n\n{last}{gap}{line}\n\n{quote}\n").text == f"Yes.\n\n{last}"


QUOTED = "On Mon, Mar 4, 2024 at 10:12 AM SOC <soc@x.example> wrote:\n> Is it yours?"
LEGAL = "This e-mail is confidential. If you are not the intended recipient, please delete it."


@pytest.mark.parametrize(
    "body",
    [
        f"Yes.\n\n{QUOTED}\n\n{LEGAL}\n",
        f"Yes.\n\n{QUOTED}\n\nDisclaimer\n\n{LEGAL}\n\nThis email has been scanned for viruses by Mimecast.\n",
        f"{QUOTED}\n\nYes.\n\n________________________________\n{LEGAL}\n",
        f"Yes.\n\n---\nDiese E-Mail wurde von Avast Antivirus-Software auf Viren geprüft.\nhttps://a.io\n\n{QUOTED}\n",
        f"Yes.\n\nVirenfrei. www.avast.com\n\n{QUOTED}\n",
    ],
)
def test_what_gateways_and_scanners_add_is_no_answer(body: str) -> None:
    answer = answer_from_text(body)
    assert answer.text == "Yes."
    assert answer.signature


@pytest.mark.parametrize(
    "answer",
    [
        "Yes.\n\nThis message is not a virus, I know the sender.",
        "Yes.\n\nDiese Mail wurde von Avast blockiert.",
        "Yes.\n\nThe attachment is confidential, send it to the recipient only.",
        "No.\n\nThe message was confidential and not intended for us, but for another recipient.",
        "Nein.\n\nDie Nachricht ist vertraulich, und wenn Sie mich fragen: ich bin nicht der richtige Empfänger dafür.",
        "Yes.\n\nThis message was scanned by our virus scanner and is clean, release it.",
        "Ja.\n\nDiese E-Mail wurde von mir geprüft, kein Virus drin.",
    ],
)
def test_a_person_who_writes_about_viruses_and_secrets_is_heard(answer: str) -> None:
    assert answer_from_text(f"{answer}\n\n{QUOTED}\n").text == answer
    assert answer_from_text(f"{QUOTED}\n\n{answer}\n").text == answer
    assert answer_from_text(f"{QUOTED}\n\n{LEGAL}\n").text == LEGAL


def test_outlooks_newer_line_above_a_header_block_is_known_whatever_the_labels_are() -> None:
    style = "border-right:none;border-left:none;border-top:1pt solid rgb(181, 196, 223);padding:3pt 0cm 0cm"
    block = "<b>ز: </b>SOC<br><b>ب: </b>Monday, 4 March 2024 at 10:12<br><b>م: </b>Mail"
    html = f'<div>Yes.</div><div style="{style}"><p>{block}</p></div><p>Is it yours?</p>'
    assert extract_answer(Mail("", 0, html=html)).text == "Yes."


@pytest.mark.parametrize("below", BELOW.values(), ids=BELOW)
@pytest.mark.parametrize(
    "words",
    [
        "On 4 March 2024 at 10:12 I received the following from bob@contoso.example:\n- pay now\nPlease reject it.",
        "March 4, 2024 we got a mail from bob@contoso.example:\n- pay now\nPlease reject it.",
        "I got this on 4 March 2024 from bob@contoso.example:\n- pay now\nPlease reject it.",
        "May 4, 2024 order by bob@contoso.example (known):\n12 pieces\nPlease release it.",
        "Subject: yes\nSender: known\nAttachment: expected",
        "Von: Buchhaltung\nBetreff: Rechnung 4711\nDas ist in Ordnung.",
    ],
)
def test_an_answer_that_begins_like_an_attribution_or_a_header_block_is_kept_above_the_real_one(
    words: str, below: str
) -> None:
    assert answer_from_text(f"{words}\n\n{below}\n").text == words


@pytest.mark.parametrize(
    "words",
    [
        "Here is what Bob wrote on 4 March 2024:\n\nPlease pay.\n\nSo it is fine.",
        "On 4 March 2024 Bob from accounting wrote to me:\nplease pay\nSo it is fine.",
        "On 4 March 2024 we got these from bob@contoso.example:\n- one\n- two\nBoth are fine.",
        "Subject: yes\nSender: known",
    ],
)
def test_an_answer_below_the_quote_that_reads_like_an_attribution_or_a_header_block_is_kept(words: str) -> None:
    assert answer_from_text(f"{QUOTED}\n\n{words}\n").text == words


@pytest.mark.parametrize(
    "words",
    [
        "Q: do you know him?\nA: yes",
        "From: is fine\nTo: is wrong",
        "Reply-To: is different, so reject it",
        "Original",
        "Decision --- release ---",
        "Yes.\n\nThe order --- the big one ---",
    ],
)
@pytest.mark.parametrize("block", [BLOCKS["en"], BLOCKS["de"]], ids=["en", "de"])
def test_the_last_line_above_a_header_block_is_the_answers(words: str, block: str) -> None:
    assert answer_from_text(f"{words}\n\n{block}\n\nIs it yours?\n").text == words


@pytest.mark.parametrize(
    "words",
    [
        "Forward it please.\nTo: Bob\nSubject: fine",
        "| To | Bob |\n| Date | 4.3.2024 10:12 |\n| Sum | 12 |\n\nIt is fine.",
    ],
)
def test_labels_and_tables_of_the_answer_stay_above_an_attribution(words: str) -> None:
    assert answer_from_text(f"{words}\n{QUOTED}\n").text == words


def test_dashes_right_above_an_apps_line_go_with_it() -> None:
    lines = "--\nGesendet mit Tuta, der sicheren E-Mail:\nhttps://tuta.example/mail"
    assert answer_from_text(f"Yes.\n{lines}\n\n{QUOTED}\n").text == "Yes."


def test_a_signature_is_cut_also_where_the_rest_looks_like_another() -> None:
    assert (
        answer_from_text("Outlook for iOS shows it wrongly\n\n-- \nKim Lee\n").text
        == "Outlook for iOS shows it wrongly"
    )


def test_a_persons_own_table_with_a_thin_line_above_is_no_header_block() -> None:
    html = (
        '<p>It is:</p><div style="border-top:1px solid #e1e1e1"><p>Name: Bob<br>Order: 12</p></div><p>Release it.</p>'
    )
    assert extract_answer(Mail("", 0, html=html)).text.endswith("Release it.")


def test_labels_with_an_empty_line_between_each_are_a_header_block() -> None:
    block = "To: Kim\n\nFrom: SOC <soc@northwind.example>\n\nDate: Monday, March 4, 2024 10:12 AM\n\nSubject: Mail"
    assert answer_from_text(f"Yes.\n\n{block}\n\nIs it yours?\n").text == "Yes."


def test_an_answer_like_a_header_block_is_kept_above_a_quote_in_html() -> None:
    quote = '<div class="gmail_quote"><blockquote class="gmail_quote">Q</blockquote>'
    html = f"<div>Subject: yes<div>Sender: known</div></div><br>{quote}</div>"
    assert extract_answer(Mail("", 0, html=html)).text == "Subject: yes\nSender: known"


PASTED = (
    "Received: from mail.contoso.example (mail.contoso.example [192.0.2.4])\n\tby mx.northwind.example with ESMTPS;\n"
    "\tMon, 4 Mar 2024 10:12:00 +0100 (CET)\nFrom: Bob <bob@contoso.example>\nTo: kim@northwind.example\n"
    "Subject: Invoice\nDate: Mon, 4 Mar 2024 10:11:58 +0100\nMessage-ID: <x@contoso.example>\nMIME-Version: 1.0"
)


@pytest.mark.parametrize(
    "words",
    [
        "I know this one:\n\nFrom: bob@contoso.example\n\nPlease release it.",
        "Please block:\n\nVon: Bob Lee <bob@contoso.example>\n\nund auch seine Domain.",
        f"Here is its header:\n\n{PASTED}\n\nThat is our server, so release it.",
        f"Here is its header:\n{PASTED}\n\nThat is our server, so release it.",
    ],
)
@pytest.mark.parametrize("below", ["", *BELOW.values()], ids=["nothing", *BELOW])
def test_a_sender_or_a_servers_header_that_a_person_pasted_does_not_end_the_answer(words: str, below: str) -> None:
    assert answer_from_text(f"Hello,\n\n{words}\n\n{below}\n").text == f"Hello,\n\n{words}"
    assert answer_from_text(f"{words}\n\n{below}\n").text == words


def test_a_senders_label_alone_above_marked_lines_begins_the_quote() -> None:
    assert answer_from_text("Yes.\n\nFrom: soc@northwind.example\n\n> Is it yours?\n> SOC").text == "Yes."


@pytest.mark.parametrize(
    "line",
    [
        "-------- Ursprüngliche Nachricht --------Von: SOC Datum: 04.03.24  10:12  (GMT+01:00) An: Betreff: Mail",
        "-----Original Message-----From: SOC Sent: Monday, March 4, 2024 To: Kim Subject: Mail",
    ],
)
def test_a_separator_that_ran_together_with_the_header_block_ends_the_answer(line: str) -> None:
    assert answer_from_text(f"Yes, sure.\n{line}\n\nIs it yours?").text == "Yes, sure."
    assert answer_from_text("Yes.\n--- original --- is what I want\nKim").text.endswith("Kim")


@pytest.mark.parametrize(
    "words",
    [
        "It is our booking:\n\nFrom: Munich\nTo: Berlin\nDate: 4 March 2024\n\nPlease release it.",
        "Von: München\nNach: Berlin\nDatum: 4.3.2024\nAbfahrt: 10:12\n\nist die Buchung, bitte freigeben.",
        "The invitation, I know it.\n\nDate: 04.03.2024\nSubject: Audit\n\nPlease release it.",
    ],
)
@pytest.mark.parametrize("below", ["", *BELOW.values()], ids=["nothing", *BELOW])
def test_a_booking_with_a_place_and_a_day_is_no_header_block(words: str, below: str) -> None:
    assert answer_from_text(f"Hello,\n\n{words}\n\n{below}\n").text == f"Hello,\n\n{words}"


@pytest.mark.parametrize(
    "block",
    [
        "From: SOC\nSent: Monday, March 4, 2024 10:12 AM\nTo: Kim",
        "Von: SOC\nGesendet: Montag, 4. März\n 2024 10:12\nAn: Kim",
        "Fra: SOC\nDato: 4. marts 2024 kl. 10.12",
        "差出人: SOC\n日時: 2024年3月4日 10時12分",
    ],
)
def test_a_name_and_a_time_are_a_header_block_also_without_a_subject(block: str) -> None:
    assert answer_from_text(f"Yes.\n\n{block}\n\nIs it yours?").text == "Yes."


@pytest.mark.parametrize(
    "line",
    [
        "-----Özgün İleti-----",
        "KİMDEN: SOC <soc@northwind.example>\nTARİH: 4 Mart 2024 10:12\nKİME: Kim\nKONU: Posta",
        "-------- Treść oryginalnej wiadomości --------",
        "-------- Изворна порука --------",
        "-------- Oorspronklike boodskap --------",
        "-------- Neges Wreiddiol --------",
    ],
)
def test_what_announces_the_quote_is_known_in_capitals_and_in_rarer_languages(line: str) -> None:
    assert answer_from_text(f"Yes.\n\n{line}\n\nIs it yours?").text == "Yes."


@pytest.mark.parametrize(
    "tag", ['div class="skiff_quote"', 'p data-o-mail-quote="1"', 'div id="x_mail-editor-reference-message-container"']
)
def test_what_a_program_marks_as_quoted_in_its_markup_is_no_answer(tag: str) -> None:
    html = f"<div>Yes, it is mine.</div><{tag}>Is it yours?</{tag.split()[0]}>"
    assert extract_answer(Mail("", 0, html=html)).text == "Yes, it is mine."
