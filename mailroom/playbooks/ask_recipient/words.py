"""What a recipient is asked, in ten languages: data only.

Nothing of the held message stands in it but the domain it came from, written so that no mail program makes a link of
it, and the day. The three choices always have the same numbers.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    """One language. `{domain}`, `{day}` and `{until}` are filled in."""

    subject: str
    hello: str
    held: str
    expects: str
    yes: str
    no: str
    unsure: str
    alone: str
    until: str
    genuine: str

    def text(self, *, domain: str, day: str, until: str) -> str:
        """The whole question."""
        parts = (
            self.hello, self.held.format(domain=domain, day=day), self.expects,
            f"  1  {self.yes}\n  2  {self.no}\n  3  {self.unsure}",
            self.alone, self.until.format(until=until), self.genuine,
        )  # fmt: skip
        return "\n\n".join(parts) + "\n"


# fmt: off
WORDS: dict[str, Words] = {
    "en": Words(
        "Do you expect a message? Please answer with a number",
        "Hello,",
        "our mail filter is holding back a message for you. It came on {day} from the domain {domain}. We show you "
        "nothing of it, so that nothing in it can do harm.",
        "Do you expect a message from there? Please answer this mail with one of these numbers:",
        "Yes, I expect it.", "No, I do not expect it.", "I am not sure.",
        "Your answer helps us to decide. It alone neither delivers nor deletes anything.",
        "Please answer by {until}. Please do not write to the sender about it.",
        "This mail has no link and no attachment, and we never ask for passwords. If you doubt that it is genuine, ask "
        "your help desk.",
    ),
    "de": Words(
        "Erwarten Sie eine Nachricht? Bitte antworten Sie mit einer Nummer",
        "Guten Tag,",
        "unser Mailfilter hält eine Nachricht an Sie zurück. Sie kam am {day} von der Domain {domain}. Wir zeigen "
        "Ihnen nichts daraus, damit nichts darin schaden kann.",
        "Erwarten Sie eine Nachricht von dort? Bitte antworten Sie auf diese Mail mit einer dieser Nummern:",
        "Ja, ich erwarte sie.", "Nein, ich erwarte sie nicht.", "Ich bin nicht sicher.",
        "Ihre Antwort hilft uns bei der Entscheidung. Sie allein stellt nichts zu und löscht nichts.",
        "Bitte antworten Sie bis {until}. Bitte schreiben Sie deswegen nicht an den Absender.",
        "Diese Mail enthält keinen Link und keinen Anhang, und wir fragen nie nach Passwörtern. Wenn Sie an ihrer "
        "Echtheit zweifeln, fragen Sie Ihren Service Desk.",
    ),
    "fr": Words(
        "Attendez-vous un message ? Merci de répondre par un numéro",
        "Bonjour,",
        "notre filtre de messagerie retient un message qui vous est adressé. Il est arrivé le {day} du domaine "
        "{domain}. Nous ne vous en montrons rien, afin que rien de son contenu ne puisse nuire.",
        "Attendez-vous un message de cette provenance ? Merci de répondre à ce courriel par l'un de ces numéros :",
        "Oui, je l'attends.", "Non, je ne l'attends pas.", "Je ne suis pas sûr.",
        "Votre réponse nous aide à décider. À elle seule, elle ne livre ni ne supprime rien.",
        "Merci de répondre avant le {until}. Merci de ne pas écrire à l'expéditeur à ce sujet.",
        "Ce courriel ne contient ni lien ni pièce jointe, et nous ne demandons jamais de mot de passe. Si vous doutez "
        "de son authenticité, adressez-vous à votre support informatique.",
    ),
    "es": Words(
        "¿Espera un mensaje? Responda con un número, por favor",
        "Buenos días:",
        "nuestro filtro de correo retiene un mensaje dirigido a usted. Llegó el {day} desde el dominio {domain}. No le "
        "mostramos nada de él, para que nada de lo que contiene pueda causar daño.",
        "¿Espera un mensaje de allí? Responda a este correo con uno de estos números, por favor:",
        "Sí, lo espero.", "No, no lo espero.", "No estoy seguro.",
        "Su respuesta nos ayuda a decidir. Por sí sola no entrega ni borra nada.",
        "Responda antes del {until}, por favor. No escriba al remitente por este asunto.",
        "Este correo no contiene enlaces ni archivos adjuntos, y nunca pedimos contraseñas. Si duda de su "
        "autenticidad, consulte a su servicio de asistencia.",
    ),
    "it": Words(
        "Aspetta un messaggio? Risponda con un numero, per favore",
        "Buongiorno,",
        "il nostro filtro di posta trattiene un messaggio indirizzato a Lei. È arrivato il {day} dal dominio {domain}. "
        "Non Le mostriamo nulla del contenuto, perché nulla possa causare danni.",
        "Aspetta un messaggio da lì? Risponda a questa mail con uno di questi numeri, per favore:",
        "Sì, lo aspetto.", "No, non lo aspetto.", "Non sono sicuro.",
        "La Sua risposta ci aiuta a decidere. Da sola non consegna e non cancella nulla.",
        "Risponda entro il {until}, per favore. Non scriva al mittente per questo motivo.",
        "Questa mail non contiene link né allegati, e non chiediamo mai password. Se dubita che sia autentica, si "
        "rivolga al Suo help desk.",
    ),
    "nl": Words(
        "Verwacht u een bericht? Antwoord alstublieft met een nummer",
        "Goedendag,",
        "ons mailfilter houdt een bericht aan u tegen. Het kwam op {day} van het domein {domain}. Wij laten u er niets "
        "van zien, zodat niets erin schade kan doen.",
        "Verwacht u een bericht van daar? Beantwoord deze mail alstublieft met een van deze nummers:",
        "Ja, ik verwacht het.", "Nee, ik verwacht het niet.", "Ik weet het niet zeker.",
        "Uw antwoord helpt ons te beslissen. Alleen door uw antwoord wordt niets afgeleverd of verwijderd.",
        "Antwoord alstublieft voor {until}. Schrijf hierover niet aan de afzender.",
        "Deze mail bevat geen link en geen bijlage, en wij vragen nooit om wachtwoorden. Twijfelt u of deze mail echt "
        "is, vraag het dan aan uw helpdesk.",
    ),
    "pt": Words(
        "Espera uma mensagem? Responda com um número, por favor",
        "Bom dia,",
        "o nosso filtro de correio está a reter uma mensagem dirigida a si. Chegou em {day} do domínio {domain}. Não "
        "lhe mostramos nada dela, para que nada do que contém possa causar danos.",
        "Espera uma mensagem daí? Responda a este e-mail com um destes números, por favor:",
        "Sim, espero-a.", "Não, não a espero.", "Não tenho a certeza.",
        "A sua resposta ajuda-nos a decidir. Por si só, não entrega nem apaga nada.",
        "Responda até {until}, por favor. Não escreva ao remetente sobre isto.",
        "Este e-mail não contém ligações nem anexos, e nunca pedimos palavras-passe. Se duvida de que seja autêntico, "
        "pergunte ao seu serviço de apoio.",
    ),
    "pl": Words(
        "Czy oczekuje Pan/Pani wiadomości? Prosimy odpowiedzieć numerem",
        "Dzień dobry,",
        "nasz filtr poczty zatrzymał wiadomość do Pana/Pani. Nadeszła {day} z domeny {domain}. Nie pokazujemy jej "
        "treści, aby nic z niej nie mogło zaszkodzić.",
        "Czy oczekuje Pan/Pani wiadomości stamtąd? Prosimy odpowiedzieć na ten list jednym z numerów:",
        "Tak, oczekuję jej.", "Nie, nie oczekuję jej.", "Nie mam pewności.",
        "Odpowiedź pomaga nam zdecydować. Sama niczego nie dostarcza ani nie usuwa.",
        "Prosimy odpowiedzieć do {until}. Prosimy nie pisać w tej sprawie do nadawcy.",
        "Ten list nie zawiera odnośników ani załączników, a o hasła nigdy nie pytamy. W razie wątpliwości prosimy "
        "zapytać dział pomocy.",
    ),
    "sv": Words(
        "Väntar du ett meddelande? Svara gärna med en siffra",
        "Hej,",
        "vårt mejlfilter håller kvar ett meddelande till dig. Det kom den {day} från domänen {domain}. Vi visar inget "
        "av det, så att inget i det kan göra skada.",
        "Väntar du ett meddelande därifrån? Svara på det här mejlet med en av dessa siffror:",
        "Ja, jag väntar det.", "Nej, jag väntar det inte.", "Jag är inte säker.",
        "Ditt svar hjälper oss att avgöra. Ensamt levererar eller raderar det ingenting.",
        "Svara senast {until}. Skriv inte till avsändaren om detta.",
        "Det här mejlet har ingen länk och ingen bilaga, och vi frågar aldrig efter lösenord. Tvivlar du på att det är "
        "äkta, fråga din helpdesk.",
    ),
    "ja": Words(
        "メールの受信予定について番号でご回答ください",
        "お疲れ様です。",
        "メールフィルターが、あなた宛てのメールを1通保留しています。{day}にドメイン {domain} から届いたものです。"
        "安全のため、内容は一切お見せしません。",
        "この送信元からのメールを受け取る予定がありますか。次の番号のいずれかで、このメールにご返信ください。",
        "はい、予定しています。", "いいえ、予定していません。", "わかりません。",
        "ご回答は判断の参考にいたします。ご回答だけで配信や削除が行われることはありません。",
        "{until}までにご返信ください。この件について送信者には連絡しないでください。",
        "このメールにはリンクも添付ファイルもありません。パスワードをお尋ねすることも決してありません。"
        "不審に思われる場合は、サービスデスクにお問い合わせください。",
    ),
}
# fmt: on
