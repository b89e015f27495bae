"""How mail programs write quotes, forwards and farewells, language by language: data only.

One entry per language. All matching is done on case-folded text. `verbs` are what stands between a person and the
colon of an attribution line; `openers` are the words such a line may begin with. Labels are those of the header block
that Outlook and others put above a quoted mail.
"""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class Language:
    """The words of one language (or of one family that shares them)."""

    code: str
    openers: tuple[str, ...]
    verbs: tuple[str, ...]
    from_: tuple[str, ...]
    date: tuple[str, ...]
    to: tuple[str, ...]
    cc: tuple[str, ...]
    subject: tuple[str, ...]
    forwarded: tuple[str, ...] = ()
    """Texts of the separator above a forwarded mail."""
    original: tuple[str, ...] = ()
    """Texts of the separator above the mail that is answered."""
    sent_from: tuple[str, ...] = ()
    """Beginnings of the line a phone or an app adds."""

    def __post_init__(self) -> None:
        """Fold the case as texts are folded: the last letter of `προς` is another one then."""
        for field in fields(self):
            words = getattr(self, field.name)
            if isinstance(words, tuple):
                object.__setattr__(self, field.name, tuple(word.casefold() for word in words))


# fmt: off
LANGUAGES: tuple[Language, ...] = (
    Language(
        "en",
        ("on", "at", "in", "quoting", "in a message dated"),
        ("wrote", "writes", "sent", "said", "says", "has written", "wrote the following", "replied", "responded"),
        ("from", "sender"),
        ("sent", "date", "received"),
        ("to", "recipient", "recipients"),
        ("cc", "bcc"),
        ("subject",),
        forwarded=(
            "forwarded message", "forwarded by", "begin forwarded message", "forwarded mail", "forwarded email",
        ),
        original=(
            "original message", "reply message", "replied message", "original", "original email", "original mail",
            "reply above this line",
        ),
        sent_from=(
            "sent from", "sent by", "sent via", "sent with", "sent using", "get outlook for", "from my", "via",
            "typed on",
            "composed on", "download outlook for",
        ),
    ),
    Language(
        "de",
        ("am", "an", "im"),
        ("schrieb", "hat geschrieben", "schreibt", "hat folgendes geschrieben", "schrieben sie", "geschrieben"),
        ("von", "absender"),
        ("gesendet", "datum", "gesendet am"),
        ("an", "empfänger"),
        ("cc", "kopie", "bcc"),
        ("betreff", "thema"),
        forwarded=(
            "weitergeleitete nachricht", "anfang der weitergeleiteten nachricht", "weitergeleitet von",
            "weitergeleitete mail", "weitergeleitete e-mail",
        ),
        original=(
            "ursprüngliche nachricht", "urspruengliche nachricht", "originalnachricht", "antwort nachricht",
            "original-nachricht", "ursprüngliche mail", "ursprüngliche e-mail",
        ),
        sent_from=(
            "gesendet von", "gesendet mit", "sicher gesendet mit", "von meinem", "von mir aus gesendet",
            "diese nachricht wurde von mein",
            "holen sie sich outlook für", "outlook für ios", "outlook für android", "gesendet über",
        ),
    ),
    Language(
        "fr",
        ("le", "en date du", "envoyé le", "dans un e-mail daté du"),
        ("a écrit", "écrit", "nous a dit", "a ecrit", "a envoyé", "ecrit"),
        ("de", "expéditeur", "expediteur"),
        ("envoyé", "envoye", "date", "envoyé le"),
        ("à", "a", "pour", "destinataire", "destinataires"),
        ("cc", "copie à", "copie", "cci"),
        ("objet", "sujet"),
        forwarded=(
            "message transféré", "message transmis", "début du message réexpédié", "début du message transféré",
            "message réexpédié", "courriel transféré",
        ),
        original=("message d'origine", "message original", "message d’origine", "message initial"),
        sent_from=(
            "envoyé de", "envoyé depuis", "envoyé à partir", "envoye de", "envoyé avec", "télécharger outlook pour",
            "obtenir outlook pour", "envoyé par", "provenance",
        ),
    ),
    Language(
        "es",
        ("el", "en", "con fecha"),
        ("escribió", "escribio", "escribe", "ha escrito"),
        ("de", "remitente"),
        ("enviado", "fecha", "enviado el", "enviada el", "enviado em"),
        ("para", "a", "destinatario"),
        ("cc", "cco", "con copia"),
        ("asunto",),
        forwarded=("mensaje reenviado", "inicio del mensaje reenviado", "mensaje enviado", "correo reenviado"),
        original=("mensaje original", "mensaje origen"),
        sent_from=(
            "enviado desde", "enviado de", "enviado con", "obtener outlook para", "enviado por", "descargar outlook",
        ),
    ),
    Language(
        "it",
        ("il", "in data", "il giorno", "alle"),
        ("ha scritto", "scrive", "scrisse", "scritto"),
        ("da", "mittente", "di"),
        ("inviato", "data", "inviata"),
        ("a", "destinatario", "per"),
        ("cc", "ccn"),
        ("oggetto",),
        forwarded=(
            "messaggio inoltrato", "inizio messaggio inoltrato", "inizia messaggio inoltrato", "messaggio inviato",
        ),
        original=("messaggio originale", "messaggio originario"),
        sent_from=("inviato da", "inviato dal", "scarica outlook per", "ottieni outlook per", "inviato con"),
    ),
    Language(
        "pt",
        ("em", "no dia", "no"),
        ("escreveu", "escreve"),
        ("de", "remetente"),
        ("enviado", "enviada", "data", "enviada em", "enviado em"),
        ("para", "destinatário"),
        ("cc", "cco", "com cópia"),
        ("assunto",),
        forwarded=(
            "mensagem encaminhada", "mensagem reencaminhada", "início da mensagem encaminhada",
            "início da mensagem reencaminhada",
        ),
        original=("mensagem original",),
        sent_from=(
            "enviado do", "enviado de", "enviado da", "enviado a partir", "obter o outlook para",
            "obter outlook para", "enviado pelo",
            "enviado por", "enviada do",
        ),
    ),
    Language(
        "nl",
        ("op", "van"),
        ("schreef", "heeft geschreven", "geschreven", "heeft het volgende geschreven", "het volgende geschreven"),
        ("van", "afzender"),
        ("verzonden", "datum", "verstuurd"),
        ("aan", "naar"),
        ("cc", "kopie"),
        ("onderwerp", "betreft"),
        forwarded=("doorgestuurd bericht", "begin doorgestuurd bericht", "begin van doorgestuurd bericht"),
        original=("oorspronkelijk bericht", "origineel bericht", "originele bericht", "oorspronkelijke bericht"),
        sent_from=(
            "verzonden vanaf", "verstuurd vanaf", "verzonden met", "verzonden via", "outlook voor", "verstuurd van",
            "verzonden van", "download outlook voor",
        ),
    ),
    Language(
        "sv",
        ("den", "på", "kl", "i"),
        ("skrev", "skriver", "skrev följande"),
        ("från", "avsändare"),
        ("skickat", "datum", "skickad"),
        ("till", "mottagare"),
        ("kopia", "cc"),
        ("ämne",),
        forwarded=(
            "vidarebefordrat mejl", "vidarebefordrat meddelande", "vidarebefordrat brev", "börja vidarebefordrat",
        ),
        original=("ursprungligt meddelande", "originalmeddelande", "ursprungsmeddelande"),
        sent_from=(
            "skickat från", "skickat med", "hämta outlook för", "skaffa outlook för", "skickat via",
            "skickades från",
        ),
    ),
    Language(
        "da",
        ("den", "på", "d."),
        ("skrev", "skriver", "skrev følgende"),
        ("fra", "afsender"),
        ("sendt", "dato"),
        ("til", "modtager"),
        ("cc", "kopi"),
        ("emne", "vedr"),
        forwarded=("videresendt meddelelse", "videresendt besked", "start på videresendt besked", "videresendt mail"),
        original=(
            "oprindelig meddelelse", "oprindelig besked", "original meddelelse", "original besked",
            "oprindelig mail",
        ),
        sent_from=("sendt fra", "hent outlook til", "sendt med", "sendt via", "få outlook til"),
    ),
    Language(
        "no",
        ("den", "på", "kl", "kl."),
        ("skrev", "skrev følgende", "skriver"),
        ("fra", "avsender"),
        ("sendt", "dato"),
        ("til", "mottaker"),
        ("kopi", "cc"),
        ("emne",),
        forwarded=("videresendt melding", "videresendt e-post", "starten på en videresendt melding"),
        original=("opprinnelig melding", "original melding", "opprinnelige melding", "opprinnelig e-post"),
        sent_from=("sendt fra", "skaff deg outlook for", "få outlook for", "hent outlook for"),
    ),
    Language(
        "fi",
        ("pvm", "ma", "ti", "ke", "to", "pe", "la", "su", "aikoihin"),
        ("kirjoitti", "kirjoitti seuraavaa"),
        ("lähettäjä", "lähde"),
        ("lähetetty", "päivämäärä", "päiväys", "pvm"),
        ("vastaanottaja", "saaja"),
        ("kopio", "cc"),
        ("aihe",),
        forwarded=(
            "välitetty viesti", "edelleenlähetetty viesti", "välitetty viesti alkaa", "uudelleenlähetetty viesti",
        ),
        original=("alkuperäinen viesti", "alkup. viesti"),
        sent_from=("lähetetty", "hanki outlook"),
    ),
    Language(
        "pl",
        ("dnia", "w dniu", "w", "dn."),
        ("napisał", "napisała", "napisał(a)", "nadesłał", "pisze", "napisał/a", "napisał:", "naskrobał"),
        ("od", "nadawca"),
        ("wysłano", "data", "wysłane", "data wysłania"),
        ("do", "adresat"),
        ("dw", "cc", "kopia", "udw"),
        ("temat",),
        forwarded=(
            "przekazana wiadomość", "treść przekazanej wiadomości", "wiadomość przekazana",
            "początek przekazywanej wiadomości",
        ),
        original=("wiadomość oryginalna", "oryginalna wiadomość", "original message"),
        sent_from=(
            "wysłano z", "wysłane z", "pobierz outlooka dla", "pobierz aplikację outlook", "pobierz program outlook",
            "wysłano przy", "wysłane przy",
        ),
    ),
    Language(
        "cs",
        ("dne", "v", "ve", "po", "út", "st", "čt", "pá", "so", "ne"),
        ("napsal", "napsala", "napsal(a)", "odesláno", "napsal/a", "píše"),
        ("od", "odesílatel"),
        ("odesláno", "datum", "odesláno dne"),
        ("komu", "adresát"),
        ("kopie", "cc"),
        ("předmět",),
        forwarded=(
            "přeposlaná zpráva", "začátek přeposílané zprávy", "předaná zpráva", "přeposlaná e-mailová zpráva",
            "přesměrovaná zpráva",
        ),
        original=("původní zpráva", "původní e-mail", "puvodni zprava"),
        sent_from=(
            "odesláno z", "stáhněte si outlook pro", "získejte outlook pro", "získat outlook pro", "odesláno pomocí",
        ),
    ),
    Language(
        "sk",
        ("dňa", "po", "ut", "st", "št", "pi", "so", "ne", "v"),
        ("napísal", "napísala", "napísal(a)", "napísal/a", "píše"),
        ("od", "odosielateľ"),
        ("odoslané", "dátum", "odoslané dňa"),
        ("komu", "pre", "adresát"),
        ("kópia", "cc"),
        ("predmet",),
        forwarded=("preposlaná správa", "začiatok preposlanej správy", "presmerovaná správa", "preposlaný e-mail"),
        original=("pôvodná správa", "pôvodný e-mail"),
        sent_from=("odoslané z", "získajte outlook pre", "získať outlook pre", "odoslané pomocou"),
    ),
    Language(
        "hu",
        ("időpontban",),
        ("ezt írta", "írta", "a következőt írta", "az alábbit írta", "ezt irta"),
        ("feladó", "küldő"),
        ("elküldve", "dátum", "küldve", "küldés időpontja"),
        ("címzett", "címzettek"),
        ("másolat", "másolatot kap", "cc"),
        ("tárgy",),
        forwarded=(
            "továbbított üzenet", "továbbított levél", "továbbított levél kezdete", "továbbított üzenet kezdete",
        ),
        original=("eredeti üzenet", "eredeti levél"),
        sent_from=(
            "küldve", "elküldve", "küldés", "a következő eszközről küldve", "szerezze be az outlook",
            "szerezze be az ios", "szerezze be az android",
        ),
    ),
    Language(
        "ro",
        ("pe", "în", "la", "în data de", "lun.", "mar.", "mie.", "joi", "vin."),
        ("a scris", "scrie", "a scris următoarele"),
        ("de la", "expeditorul", "expeditor"),
        ("trimis", "dată", "data", "trimisă"),
        ("către", "destinatarul", "la", "catre"),
        ("cc", "copie"),
        ("subiect", "subiectul"),
        forwarded=(
            "mesaj redirecționat", "începe mesajul redirecționat", "mesaj redirectionat",
        "începutul mesajului redirecționat",
    ),
        original=("mesaj original", "mesajul original", "mesajul inițial"),
        sent_from=("trimis de pe", "trimis din", "obțineți outlook pentru", "trimis cu"),
    ),
    Language(
        "ru",
        ("в", "во", "от", "пн", "вт", "ср", "чт", "пт", "сб", "вс", "on"),
        ("написал", "написала", "написал(а)", "пишет", "написал (а)", "писал", "писал(а)", "написал/а"),
        ("от", "отправитель", "от кого"),
        ("отправлено", "дата", "дата отправки"),
        ("кому", "получатель"),
        ("копия", "cc", "скрытая копия"),
        ("тема",),
        forwarded=(
            "пересылаемое сообщение", "перенаправленное сообщение", "начало переадресованного сообщения",
            "начало перенаправленного сообщения", "пересылаемое письмо", "пересланное сообщение",
        ),
        original=("исходное сообщение", "первоначальное сообщение", "оригинальное сообщение"),
        sent_from=(
            "отправлено с", "отправлено из", "скачать outlook для", "загрузить outlook", "получить outlook",
            "послано с",
            "отправлено от",
        ),
    ),
    Language(
        "uk",
        ("в", "у", "пн", "вт", "ср", "чт", "пт", "сб", "нд"),
        ("пише", "написав", "написала", "написав(ла)", "написав (-ла)", "написав(-ла)"),
        ("від", "від кого", "відправник"),
        ("відправлено", "дата", "надіслано"),
        ("кому", "до", "одержувач"),
        ("копія", "cc"),
        ("тема",),
        forwarded=(
            "переслане повідомлення", "перенаправлене повідомлення", "початок листа, що пересилається",
            "пересилане повідомлення", "переслане лист",
        ),
        original=("початкове повідомлення", "оригінальне повідомлення", "вихідне повідомлення"),
        sent_from=(
            "надіслано з", "відправлено з", "завантажити outlook для", "отримайте outlook для",
            "отримати outlook для",
        ),
    ),
    Language(
        "tr",
        ("tarihinde",),
        ("şunu yazdı", "yazdı", "şöyle yazdı", "şunları yazdı"),
        ("kimden", "gönderen"),
        ("gönderilen", "tarih", "gönderildi", "gönderme tarihi"),
        ("kime", "alıcı"),
        ("bilgi", "cc"),
        ("konu",),
        forwarded=(
            "iletilmiş mesaj", "i̇leti başlangıcı", "ileti başlangıcı", "iletilen ileti",
            "iletilen ileti başlangıcı", "yönlendirilmiş ileti",
            "yönlendirilen mesaj", "iletilmiş ileti", "i̇letilen ileti", "i̇letilmiş mesaj", "i̇letilmiş ileti",
        ),
        original=("özgün ileti", "orijinal mesaj", "orijinal ileti", "özgün mesaj"),
        sent_from=("iphone'umdan gönderildi", "gönderildi", "outlook'u edinin", "iphone'dan gönderildi"),
    ),
    Language(
        "hr",
        ("dana", "u", "dne", "dana:", "na"),
        (
            "napisao", "napisala", "napisao/la je", "napisao je", "napisala je", "je napisao", "je napisala",
            "napisao/la", "je napisao/la", "piše", "је написао", "је написао/ла",
        ),
        ("od", "šalje", "pošiljatelj", "šalje:"),
        ("datum", "poslano", "poslato"),
        ("prima", "za", "primatelj"),
        ("kopija", "cc"),
        ("predmet", "naslov"),
        forwarded=(
            "proslijeđena poruka", "započni proslijeđenu poruku", "prosleđena poruka", "početak proslijeđene poruke",
    ),
        original=("izvorna poruka", "originalna poruka", "izvorna e-poruka"),
        sent_from=("poslano s", "poslano iz", "preuzmite outlook za", "poslato sa"),
    ),
    Language(
        "ja",
        (),
        ("のメッセージ", "が書きました", "さんは書きました", "は書きました", "書き込みました", "wrote"),
        ("差出人", "送信元", "送信者", "発信者"),
        ("送信日時", "日付", "日時", "送信日"),
        ("宛先", "送信先", "to"),
        ("cc", "ｃｃ"),
        ("件名", "タイトル"),
        forwarded=("転送されたメッセージ", "転送メッセージ", "メッセージを転送", "転送メール", "以下転送"),
        original=("元のメッセージ", "元のメール", "original message", "返信元メッセージ", "オリジナルメッセージ"),
        sent_from=("iphoneから送信", "ipadから送信", "から送信", "outlook for", "iosから送信", "androidから送信"),
    ),
    Language(
        "zh",
        ("在", "于", "於"),
        ("写道", "寫道", "写到", "写入", "来信", "撰寫", "撰写", "编写", "書き"),
        ("发件人", "寄件者", "寄件人", "发信人", "發件人"),
        ("发送时间", "日期", "寄件日期", "发送日期", "时间", "傳送日期", "發送時間", "已傳送", "已发送"),
        ("收件人", "收件者"),
        ("抄送", "副本", "抄送人", "cc"),
        ("主题", "主旨", "主題", "标题"),
        forwarded=(
            "转发的邮件", "轉寄郵件", "转发邮件", "已转发的邮件", "轉寄的郵件", "以下是转发的邮件", "转发邮件信息",
        "开始转发邮件", "已轉寄的郵件",
    ),
        original=(
            "原始邮件", "原邮件", "原始郵件", "邮件原件", "原始信件", "原郵件", "回复的原邮件", "回覆的原郵件",
            "回复的原始邮件",
        ),
        sent_from=(
            "发自我的", "從我的", "从我的", "發自我的", "我的iphone", "获取 outlook for", "取得 outlook for", "发自",
            "发送自", "获取适用于 ios", "获取适用于 android", "下载适用于 ios", "下载适用于 android", "取得 ios",
            "取得 android", "从 windows", "传自我的", "發送自我的", "从qq邮箱",
    ),
    ),
    Language(
        "ko",
        (),
        ("님이 작성", "님이 작성하였습니다", "작성", "님이 쓴 글", "쓴 글", "작성했습니다", "작성하였습니다"),
        ("보낸 사람", "보낸사람", "발신", "발신자", "보낸이"),
        ("보낸 날짜", "보낸날짜", "날짜", "발송일", "보낸시간", "보낸 시간", "일시"),
        ("받는 사람", "받는사람", "수신", "수신자", "받는이"),
        ("참조", "cc"),
        ("제목",),
        forwarded=("전달된 메시지", "전달된 메일", "전달 메시지", "전달된 이메일"),
        original=("원본 메시지", "원본 메일", "원본메시지", "원래 메시지", "original message"),
        sent_from=("나의 iphone에서", "에서 보냄", "에서 보낸", "나의 iphone", "outlook for"),
    ),
    Language(
        "el",
        ("στις", "τη", "την", "το σάββατο", "στο"),
        ("έγραψε", "εγραψε", "έγραψε τα εξής", "ο χρήστης"),
        ("από", "αποστολέας"),
        ("στάλθηκε", "ημερομηνία", "εστάλη"),
        ("προς", "παραλήπτης"),
        ("κοιν", "κοιν.", "cc"),
        ("θέμα",),
        forwarded=("προωθημένο μήνυμα", "αρχή προωθημένου μηνύματος"),
        original=("αρχικό μήνυμα",),
        sent_from=("στάλθηκε από", "απεστάλη από", "εστάλη από", "λήψη του outlook"),
    ),
    Language(
        "he",
        ("בתאריך", "ב-", "ביום"),
        ("כתב", "כתבה", "מאת", "כתב/ה"),
        ("מאת", "מ"),
        ("נשלח", "תאריך"),
        ("אל", "אל:"),
        ("עותק", "cc"),
        ("נושא",),
        forwarded=("הודעה שהועברה", "הודעה מועברת"),
        original=("הודעה מקורית",),
        sent_from=("נשלח מה", "נשלח מ"),
    ),
    Language(
        "ar",
        ("في", "بتاريخ"),
        ("كتب", "كتبت", "كتب/كتبت"),
        ("من", "المرسل"),
        ("تاريخ الإرسال", "التاريخ", "أرسلت", "تم الإرسال"),
        ("إلى", "الى"),
        ("نسخة", "cc"),
        ("الموضوع",),
        forwarded=("رسالة معاد توجيهها", "رسالة محولة"),
        original=("الرسالة الأصلية",),
        sent_from=("أرسلت من", "أُرسلت من", "مرسل من", "تم الإرسال من"),
    ),
    Language(
        "et",
        ("kuupäeval",),
        ("kirjutas",),
        ("saatja", "kellelt"),
        ("saadetud", "kuupäev"),
        ("adressaat", "kellele", "saaja"),
        ("koopia", "cc"),
        ("teema",),
        forwarded=("edastatud kiri", "edastatud sõnum", "edasisaadetud kiri"),
        original=("algne kiri", "algne sõnum"),
        sent_from=("saadetud minu",),
    ),
    Language(
        "bg",
        ("на", "в"),
        ("написа", "пише"),
        ("от",),
        ("изпратено", "дата"),
        ("до", "към"),
        ("копие", "cc"),
        ("тема", "относно"),
        forwarded=("препратено съобщение", "препратено писмо"),
        original=("оригинално съобщение",),
        sent_from=("изпратено от",),
    ),
    Language(
        "ca",
        ("el", "en data"),
        ("va escriure", "ha escrit"),
        ("de", "remitent"),
        ("enviat", "data"),
        ("per a", "a"),
        ("cc",),
        ("assumpte",),
        forwarded=("missatge reenviat",),
        original=("missatge original",),
        sent_from=("enviat des",),
    ),
    Language(
        "vi",
        ("vào",),
        ("đã viết", "viết"),
        ("từ", "người gửi"),
        ("đã gửi", "ngày", "ngày gửi"),
        ("tới", "đến", "người nhận"),
        ("cc", "đồng gửi"),
        ("chủ đề", "tiêu đề"),
        forwarded=("thư đã chuyển tiếp", "thư được chuyển tiếp", "tin nhắn đã chuyển tiếp"),
        original=("thư gốc", "tin nhắn gốc"),
        sent_from=("được gửi từ", "đã gửi từ", "gửi từ"),
    ),
    Language(
        "id",
        ("pada",),
        ("menulis",),
        ("dari", "pengirim"),
        ("dikirim", "tanggal"),
        ("kepada", "ke"),
        ("cc", "salinan"),
        ("subjek", "perihal"),
        forwarded=("pesan terusan", "pesan yang diteruskan"),
        original=("pesan asli",),
        sent_from=("dikirim dari",),
    ),
    Language(
        "th",
        ("ในวันที่", "เมื่อ", "วันที่"),
        ("เขียนว่า", "ได้เขียนว่า"),
        ("จาก", "ผู้ส่ง"),
        ("ส่ง", "ส่งเมื่อ", "วันที่"),
        ("ถึง", "ผู้รับ"),
        ("สำเนา", "สำเนาถึง", "cc"),
        ("เรื่อง", "หัวเรื่อง", "ชื่อเรื่อง"),
        forwarded=("ข้อความที่ส่งต่อ",),
        original=("ข้อความเดิม", "ข้อความต้นฉบับ"),
        sent_from=("ส่งจาก",),
    ),
    Language(
        "lt",
        (),
        ("rašė", "parašė"),
        ("nuo", "siuntėjas"),
        ("išsiųsta", "data"),
        ("kam", "gavėjas"),
        ("kopija", "cc"),
        ("tema",),
        forwarded=("persiųstas laiškas", "persiunčiamas laiškas"),
        original=("pradinis laiškas",),
        sent_from=("išsiųsta iš",),
    ),
    Language(
        "lv",
        (),
        ("rakstīja",),
        ("no", "sūtītājs"),
        ("nosūtīts", "datums"),
        ("kam", "adresāts"),
        ("kopija", "cc"),
        ("tēma",),
        forwarded=("pārsūtīts ziņojums", "pārsūtītais ziņojums"),
        original=("sākotnējais ziņojums",),
        sent_from=("nosūtīts no",),
    ),
    Language(
        "sl",
        ("dne", "v"),
        ("napisal(a)", "napisal", "napisala", "je napisal", "je napisala"),
        ("od", "pošiljatelj"),
        ("poslano", "datum"),
        ("za", "prejemnik"),
        ("kp", "cc"),
        ("zadeva",),
        forwarded=("posredovano sporočilo",),
        original=("izvirno sporočilo", "prvotno sporočilo"),
        sent_from=("poslano z",),
    ),
    Language(
        "is",
        ("þann",),
        ("skrifaði",),
        ("frá",),
        ("sent", "dagsetning"),
        ("til",),
        ("afrit", "cc"),
        ("efni",),
        forwarded=("framsend skilaboð", "áframsendur póstur"),
        original=("upphaflegur póstur", "upprunaleg skilaboð"),
        sent_from=("sent úr",),
    ),
)
"""Every language this knows. Order matters only where two languages explain a block equally well."""

QUOTING: tuple[str, ...] = (
    "quoting ", "zitat von ", "selon ", "citando ", "citeren ", "citat av ", "citat fra ", "citat från ", "lainaus ",
    "cytowanie ", "citace ", "idézet ", "цитирую ",
)
"""What stands before the person's address where a program names nobody's verb: `Quoting Ann <ann@example.com>:`."""

REPLY_PREFIXES: frozenset[str] = frozenset({
    "antw", "antwort", "ap", "atb", "aw", "bls", "odp", "r", "re", "ref", "res", "re答复", "rif", "rv", "ré", "rép",
    "sv", "vs", "vá", "yn", "ynt", "απ", "σχετ", "отв", "ответ", "回", "回信", "回复", "回覆", "答复", "返信", "답장",
})
"""What stands before the colon of an answer's subject, case-folded."""

FORWARD_PREFIXES: frozenset[str] = frozenset({
    "doorst", "dt", "enc", "encaminhado", "fs", "fw", "fwd", "hl", "i", "ilt", "i̇lt", "pd", "pren", "přeposláno",
    "redir", "rif", "rv", "rédir", "tov", "továbbítás", "tr", "trs", "vb", "vd", "videresend", "vl", "vs", "wg",
    "wtr", "προωθ", "пер", "пересл", "転送", "轉寄", "转发", "전달",
})
"""The same for a forwarded mail. `vs` and `rv` are both, depending on the country."""
# fmt: on
