"""What people, providers and languages call the special folders."""

from __future__ import annotations

SPECIAL: dict[str, tuple[str, ...]] = {
    "\\Sent": (
        "Sent", "Sent Items", "Sent Mail", "Sent Messages", "Sent Objects", "INBOX.Sent",
        "Gesendet", "Gesendete Elemente", "Gesendete Objekte", "Gesendete Nachrichten",
        "Éléments envoyés", "Messages envoyés", "Envoyés", "Objets envoyés",
        "Elementos enviados", "Enviados", "Mensajes enviados", "Correo enviado",
        "Posta inviata", "Inviati", "Messaggi inviati", "Inviata",
        "Verzonden items", "Verzonden", "Verzonden berichten",
        "Itens Enviados", "Itens enviados", "Mensagens enviadas", "E-mails enviados",
        "Skickat", "Skickade objekt", "Sendt post", "Sendte elementer", "Sendte elementer", "Sendt", "Lähetetyt",
        "Wysłane", "Elementy wysłane", "Odeslaná pošta", "Odeslané", "Elküldött elemek", "Trimise",
        "Отправленные", "Надіслані", "Gönderilmiş Öğeler", "Gönderilenler", "Απεσταλμένα",
        "送信済みアイテム", "送信済みメール", "已发送邮件", "已发送", "寄件備份", "보낸 편지함",
    ),
    "\\Junk": (
        "Junk", "Junk Email", "Junk E-mail", "Junk Mail", "Spam", "Bulk Mail", "Bulk",
        "Junk-E-Mail", "Spamverdacht", "Werbung", "Unerwünscht",
        "Courrier indésirable", "Indésirables", "Pourriel",
        "Correo no deseado", "Posta indesiderata", "Ongewenste e-mail", "Ongewenst",
        "Lixo Eletrônico", "Lixo eletrónico", "Lixo Eletrónico", "Skräppost", "Søppelpost",
        "Uønsket mail", "Uønsket e-mail",
        "Roskaposti", "Wiadomości-śmieci", "Nevyžádaná pošta", "Levélszemét", "Спам", "Нежелательная почта",
        "Önemsiz", "Önemsiz E-posta", "Ανεπιθύμητα", "迷惑メール", "垃圾邮件", "垃圾郵件", "정크 메일", "스팸",
    ),
    "\\Trash": (
        "Trash", "Deleted Items", "Deleted Messages", "Deleted", "Bin", "Wastebasket",
        "Papierkorb", "Gelöschte Elemente", "Gelöschte Objekte", "Gelöscht",
        "Éléments supprimés", "Corbeille", "Elementos eliminados", "Papelera", "Eliminados",
        "Posta eliminata", "Cestino", "Verwijderde items", "Prullenbak",
        "Itens Excluídos", "Itens excluídos", "Lixeira", "Lixo", "Itens eliminados",
        "Papperskorgen", "Borttagna objekt", "Papirkurv", "Slettede elementer", "Slettet post",
        "Roskakori", "Poistetut",
        "Kosz", "Elementy usunięte", "Odstraněná pošta", "Koš", "Törölt elemek", "Gunoi",
        "Корзина", "Удаленные", "Удалённые", "Silinmiş Öğeler", "Çöp Kutusu", "Διαγραμμένα",
        "削除済みアイテム", "ゴミ箱", "已删除邮件", "已删除", "刪除的郵件", "지운 편지함", "휴지통",
    ),
    "\\Drafts": (
        "Drafts", "Draft", "Entwürfe", "Brouillons", "Borradores", "Bozze", "Concepten", "Rascunhos",
        "Utkast", "Kladder",
        "Luonnokset", "Wersje robocze", "Szkice", "Koncepty", "Piszkozatok", "Черновики", "Чернетки", "Taslaklar",
        "Πρόχειρα", "下書き", "草稿", "임시 보관함",
    ),
    "\\Archive": (
        "Archive", "Archives", "Archiv", "Archivos", "Archivo", "Archivio", "Archief", "Arquivo",
        "Arquivo Morto", "Arkiv",
        "Arkisto", "Archiwum", "Archivum", "Архив", "Архів", "Arşiv", "Αρχείο", "アーカイブ", "存档", "封存", "보관함",
    ),
    "\\All": ("All Mail", "All", "Alle Nachrichten", "Tous les messages", "Todos", "Tutti i messaggi", "Вся почта"),
}  # fmt: skip
"""Special use -> names, the likeliest first."""

ALIASES: dict[str, str] = {name.casefold(): use for use, names in SPECIAL.items() for name in names}
"""A name as people write it, casefolded -> special use."""

XLIST_USE = {"\\allmail": "\\All", "\\spam": "\\Junk", "\\starred": "\\Flagged"}
"""Old Gmail attributes -> special use, lower case on the left."""
