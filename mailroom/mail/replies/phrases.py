"""Words that automatic mails are made of: data for the classification. Everything is case-folded."""

from __future__ import annotations

# fmt: off
AUTOMATIC_SUBJECTS: tuple[str, ...] = (
    "automatic reply", "automated reply", "auto reply", "auto-reply", "autoreply", "autoresponse", "auto response",
    "auto-response", "automatic response", "automated response", "autoresponder", "auto responder",
    "automatische antwort", "autom. antwort", "réponse automatique", "reponse automatique", "respuesta automática",
    "respuesta automatica", "risposta automatica", "resposta automática", "automatisch antwoord", "automatiskt svar",
    "autosvar", "automatisk svar", "automaattinen vastaus", "odpowiedź automatyczna", "autoodpowiedź",
    "automatická odpověď", "automatická odpoveď", "automatikus válasz", "automatikus üzenet", "răspuns automat",
    "автоматический ответ", "автоответ", "автоматична відповідь", "otomatik yanıt", "αυτόματη απάντηση", "自動返信",
    "自动答复", "自动回复", "自動回覆", "자동 회신", "자동 응답", "automatski odgovor", "samodejni odgovor",
    "רד אוטומטי",
    "מענה אוטומטי", "תשובה אוטומטית", "رد تلقائي", "trả lời tự động", "balasan otomatis", "ตอบกลับอัตโนมัติ",
    "automatinis atsakymas", "automaatvastus", "автоматичен отговор", "resposta automàtica",
    "automatyczna odpowiedź", "vacation reply", "vacation auto", "自動応答", "不在通知", "abwesenheitsnotiz",
    "abwesenheitsagent", "abwesenheitsassistent", "out of office autoreply", "out of office reply",
)
ABSENCE_SUBJECTS: tuple[str, ...] = (
    "out of office", "out-of-office", "out of the office", "ooo:", "ooo ", "oof:", "i am out of", "i'm out of",
    "i am on vacation", "i'm on vacation", "i am on holiday", "i'm on holiday", "i am on leave", "i'm on leave",
    "away from my mail",
    "away from the office", "on vacation", "on holiday", "vacation", "i am away", "i'm away",
    "abwesend", "abwesenheit", "absence du bureau", "absent du bureau", "absence", "absent", "message d'absence",
    "fuera de la oficina", "fuera de oficina", "ausente", "fuori ufficio", "assenza", "ausência",
    "fora do escritório", "ausencia", "afwezig", "niet aanwezig", "afwezigheid", "frånvaro", "frånvarande",
    "fraværende", "fravær", "ikke til stede", "poissa", "nieobecność", "nieobecny", "poza biurem", "mimo kancelář",
    "nepřítomnost", "házon kívül", "în afara biroului", "нет на месте", "отсутствие", "вне офиса", "ofis dışında",
    "不在", "休假", "外出", "부재중", "parental leave", "maternity leave", "annual leave", "urlaub", "holiday",
    "leave of absence",
)
ABSENCE_BODY: tuple[str, ...] = (
    "i am out of the office", "i'm out of the office", "i am currently out of", "i'm currently out of",
    "i will be out of the office", "i am on vacation", "i'm on vacation", "i am on holiday", "i am on leave",
    "i am on annual leave", "i am away from", "i am currently away", "i will be away", "out of the office until",
    "out of office until", "i will respond to your", "i will reply to your", "automatically generated reply",
    "this is an automatic", "this is an automated", "this is an auto-", "this is an autoresponse", "auto-generated",
    "will be out of the office", "currently on vacation", "limited access to email", "limited access to my email",
    "no access to email", "am not in the office", "i have left the company", "no longer works", "no longer with",
    "ich bin derzeit nicht", "ich bin zur zeit nicht", "ich bin zurzeit nicht", "nicht im büro", "nicht im hause",
    "ich bin im urlaub", "ich bin bis", "außer haus", "abwesend", "ihre e-mail wird nicht weitergeleitet",
    "wieder erreichbar", "ich bin ab dem", "je suis absent", "je suis actuellement absent", "je serai absent",
    "en congés", "absente du bureau", "absent du bureau", "de retour le", "estoy fuera", "estaré fuera",
    "me encuentro fuera", "estaré ausente", "de vacaciones", "sono fuori ufficio", "sarò assente", "sono assente",
    "in ferie", "estou ausente", "estarei ausente", "fora do escritório", "de férias", "ik ben afwezig",
    "ik ben niet aanwezig", "niet op kantoor", "ben ik afwezig", "jag är inte på kontoret", "jag är borta",
    "jag har semester", "jeg er ikke på kontoret", "jeg er på ferie", "jeg er ute av kontoret", "olen poissa",
    "olen lomalla", "jestem nieobecn", "jestem na urlopie", "przebywam na urlopie", "poza biurem", "nejsem v kanceláři",
    "jsem mimo kancelář", "nem vagyok az irodában", "szabadságon vagyok", "nu sunt în birou", "меня нет в офисе",
    "нахожусь в отпуске", "я в отпуске", "буду отсутствовать", "я у відпустці", "ofis dışındayım", "izindeyim",
    "不在にして", "休暇を", "外出しております", "我不在办公室", "正在休假", "부재중입니다", "휴가 중", "自動返信",
    "自動的に返信", "automatisch generiert",
    "i am away", "i'm away", "i am out until", "i'm out until", "i will be back",
    "i'll be back", "i am on maternity leave", "i am on parental leave", "ich befinde mich im urlaub",
    "ich befinde mich derzeit", "ich befinde mich bis", "bin ich im urlaub", "je suis en vacances", "en vacances",
    "jag är på semester", "jag är ledig", "jeg har ferie", "jeg holder ferie", "op vakantie", "met vakantie",
    "čerpám dovolenou", "na dovolené", "na dovolenke", "în concediu", "на больничном", "в командировке",
    "на лікарняному", "yıllık izin", "en congé", "休暇中", "出張のため", "在休假", "出差",
    "automatisch erstellt", "automatically sent", "réponse automatique", "respuesta automática",
)
BOUNCE_SUBJECTS: tuple[str, ...] = (
    "undeliverable", "undelivered mail", "undelivered message", "delivery status notification", "delivery failure",
    "failure notice", "returned mail", "mail delivery failed", "mail delivery failure", "delivery failed",
    "mail delivery problem", "mail system error", "delivery problem", "delivery notification", "delivery report",
    "could not be delivered", "couldn't be delivered", "not be delivered", "cannot be delivered",
    "was not delivered", "non-delivery", "nondeliverable", "nondelivery", "non delivery", "unable to deliver",
    "delivery has failed", "warning: could not send message", "warning: message", "message delayed",
    "delivery delayed", "delayed mail", "delivery status", "undeliver", "returning message to sender",
    "message undeliverable", "mail undeliverable", "mail could not", "message could not", "mail status report",
    "failed delivery", "failed mail", "mail failure", "bounced mail", "bounce", "returned to sender",
    "returned message", "return of", "rejected message", "message rejected", "mail rejected", "user unknown",
    "unknown user", "unknown address", "address unknown", "error sending your mail", "error in your mail",
    "there is an error", "message delivery has been delayed", "message not delivered", "mail not delivered",
    "email not delivered", "delivery error", "delivery incomplete", "message status", "not delivered",
    "unzustellbar", "unzustellbare", "nicht zustellbar", "zustellung fehlgeschlagen", "zustellungsfehler",
    "übermittlungsfehler", "zustellfehler", "nicht zugestellt", "non remis", "non remise", "échec de la remise",
    "non distribué", "échec", "no se puede entregar", "no entregado", "no se pudo entregar", "error de entrega",
    "impossibile recapitare", "mancato recapito", "recapito non riuscito", "não é possível entregar",
    "não foi entregue", "falha na entrega", "onbestelbaar", "kan niet worden bezorgd", "olevererbart",
    "kan inte levereras", "kan ikke leveres", "toimitus epäonnistui", "niedostarczona", "nie można dostarczyć",
    "nedoručitelné", "недоставленное", "не доставлено", "доставка не удалась", "недоставленное сообщение",
    "не удалось доставить", "配信不能", "配信できません", "未送達", "送信エラー", "エラーメール", "エラー通知",
    "配信に失敗", "loop alert",
    "error sending your mail", "not ml article", "退信", "无法投递", "系统退信", "投递失败", "未送达", "退件",
    "반송", "전송 실패",
    "delivery-failure", "message failed", "failed to deliver", "sorry", "ndn:", "dsn:", "your message could not",
    "your mail", "ignored not ml", "quota exceeded", "over quota", "mailbox full", "this message was blocked",
    "message blocked", "message you sent", "policy violation", "spam rejected", "permanent error", "permanent failure",
    "temporary failure", "permanent delivery failure", "delivery to", "undelivrable",
)
BOUNCE_BODY: tuple[str, ...] = (
    "user unknown", "unknown user", "mailbox unavailable", "mailbox not found", "recipient address rejected",
    "no such user", "does not exist", "doesn't exist", "could not be delivered", "couldn't be delivered",
    "could not deliver", "couldn't deliver", "wasn't able to deliver", "was not able to deliver",
    "unable to deliver", "permanent error", "permanent fatal error", "delivery to the following",
    "following address", "following recipient", "undeliverable", "undelivered", "delivery failed",
    "delivery has failed", "failed permanently", "has been rejected", "host unknown", "host not found",
    "mailbox full", "mailbox is full", "over quota", "quota exceeded", "exceeded", "no mailbox", "not listed in",
    "unknown recipient", "unrouteable", "recipient unknown", "invalid recipient", "address unknown",
    "message was not delivered", "message not delivered", "was not delivered", "not been delivered",
    "has not yet been delivered", "not yet been delivered", "delayed", "returned to sender", "message returned",
    "mail delivery", "delivery failure", "delivery error", "delivery status", "cannot be delivered",
    "can not be delivered", "can't be delivered", "access denied", "relaying denied", "relay access denied",
    "connection refused", "timed out", "connection timed out", "no mx", "name service error", "retry time",
    "giving up", "bounce", "smtp error", "remote server", "remote host", "the error that the other server",
    "nicht zugestellt", "konnte nicht", "unbekannt", "n'a pas pu", "no se pudo", "no ha podido",
    "non è stato possibile", "não pôde", "kon niet", "配信できません", "届けられません", "送信できません",
    "存在しません", "无法", "不存在",
    "could not send", "no longer available", "account disabled", "disabled", "inactive", "your message",
    "original message", "original mail", "reason:", "recipient", "ml article",
)
RECEIPT_SUBJECTS: tuple[str, ...] = (
    "read:", "gelesen:", "lu:", "lu :", "leído:", "leido:", "letto:", "lido:", "gelezen:", "läst:", "læst:", "lest:",
    "luettu:", "przeczytano:", "přečteno:", "olvasott:", "прочитано:", "прочтено:", "開封済み:", "已读:", "읽음:",
    "not read:", "ungelesen gelöscht:", "return receipt", "read receipt", "lesebestätigung", "accusé de réception",
    "delivered:", "relayed:", "zugestellt:", "übermittelt:", "remis:", "entregado:", "consegnato:", "entregue:",
    "disposition notification", "message recall", "recall:", "rückruf:",
)
RECEIPT_BODY: tuple[str, ...] = (
    "was read on", "was displayed on", "was deleted without being read", "wurde gelesen am", "wurde am", "a été lu",
    "fue leído", "è stato letto", "foi lida", "is gelezen", "this is a receipt", "return receipt", "read receipt",
    "has been displayed", "delivery to these recipients", "successfully delivered", "would like to recall",
    "möchte die nachricht", "your message was delivered", "relayed to",
)
CHALLENGES: tuple[str, ...] = (
    "confirm your message", "verify your email to me", "one-time verification", "please confirm that you are a human",
    "authorize your address", "your message is being held", "reply to this message to confirm",
    "to confirm your message", "message is awaiting confirmation", "confirm your email address to deliver",
    "complete the verification process", "verify that you are a real person",
    "just this once, click the link below", "incoming messages only from senders i have approved",
    "votre message a été mis en attente", "afin de vous authentifier", "bestätigen sie bitte einmalig",
    "tira-teima",
)
TALK_OF_CHALLENGES: tuple[str, ...] = (  # people say it too: it counts beside the sign of a machine
    "sender verification", "challenge-response", "challenge/response", "spamarrest", "spam arrest", "tmda",
    "active spam killer", "boxbe waiting list", "please confirm your e-mail", "confirm that you sent",
    "requires confirmation", "confirm delivery",
)
MACHINE_LOCALS: tuple[str, ...] = (
    "noreply", "no-reply", "no_reply", "donotreply", "do-not-reply", "do_not_reply", "nepasrepondre",
    "ne-pas-repondre", "noresponder", "no-responder", "nichtantworten", "autoreply", "auto-reply", "autoresponder",
    "auto-responder", "notification", "notifications", "alert", "alerts", "mailer", "robot", "autoanswer",
)
BOUNCE_LOCALS: tuple[str, ...] = (
    "mailer-daemon", "mailerdaemon", "mailer_daemon", "mail-daemon", "maildaemon", "mdaemon", "postmaster",
    "post_master", "post-master", "mailsweeper", "mailmarshal", "mail-delivery", "maildelivery", "mail.delivery",
    "mailsystem", "mail-system", "mailer", "daemon", "smtpd",
)
SYSTEM_LOCALS: tuple[str, ...] = (
    "bounce", "bounces", "emailadmin", "exchangeadmin", "mailadmin", "sysadmin", "mailgateway", "smtp", "majordomo",
    "root", "nobody", "administrator", "admin", "noreply", "no-reply", "no_reply", "donotreply", "staff",
    "autoreply", "support",
)
BOUNCE_NAMES: tuple[str, ...] = (
    "mail delivery", "mail administrator", "system administrator", "systemadministrator", "mail system",
    "postmaster", "mailer-daemon", "mailer daemon", "internet mail delivery", "message delivery",
    "delivery subsystem", "microsoft outlook", "mail router", "mail gateway", "systemadministratör",
    "administrateur système", "administrador del sistema", "email system", "mail deliver", "returned mail",
    "mail server", "microsoft exchange", "interscan", "mailmarshal", "email administrator", "mail transport",
    "nondelivery",
)
# fmt: on
