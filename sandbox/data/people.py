"""People, companies and brands of the invented world."""

from __future__ import annotations

OWN_DOMAINS = ("northwind.example", "northwind-group.example")
VIPS = (
    ("Clara Lindqvist", "clara.lindqvist@northwind.example"),
    ("Tomasz Nowak", "tomasz.nowak@northwind.example"),
    ("Amara Okafor", "amara.okafor@northwind.example"),
)
PARTNERS = ("contoso-logistics.example", "fabrikam.example", "adatum.example", "wingtip.example")
REGULARS = (
    "harbour-legal.example",
    "blauwerk.example",
    "studio-verne.example",
    "olmedo-hijos.example",
    "tipografia-rossi.example",
    "sakura-parts.example",
    "jade-river-trading.example",
    "alnoor-consulting.example",
    "severny-stal.example",
    "wisla-transport.example",
    "aegean-lines.example",
    "carmel-optics.example",
    "ganga-textiles.example",
)
FREEMAIL = ("gmail.com", "outlook.com", "yahoo.com", "freemail.example", "mailbox.example")
BRANDS = (
    ("Microsoft", "microsoft.com"),
    ("DHL Express", "dhl.com"),
    ("PayPal", "paypal.com"),
    ("DocuSign", "docusign.com"),
    ("Amazon", "amazon.com"),
    ("Adobe Sign", "adobe.com"),
    ("LinkedIn", "linkedin.com"),
    ("Dropbox", "dropbox.com"),
)
NEWSLETTERS = (
    ("The Freight Weekly", "news.freight-weekly.example"),
    ("Handelsbrief", "post.handelsbrief.example"),
    ("La Lettre du Port", "lettre.port-info.example"),
    ("Boletín Logística", "boletin.logistica-hoy.example"),
    ("物流ニュース", "mag.butsuryu.example"),
    ("Rynek Transportu", "news.rynek-transportu.example"),
    ("Museum Friends", "mail.museum-friends.example"),
    ("Running Club", "list.running-club.example"),
)
BULK_SENDERS = (
    ("Cloud Summit Team", "events.cloud-summit.example"),
    ("PrintMax Offers", "mail.printmax.example"),
    ("Office Chairs Direct", "news.chairs-direct.example"),
    ("WebinarHub", "go.webinarhub.example"),
    ("Messe Aktuell", "info.messe-aktuell.example"),
    ("Hôtel Bellevue", "offres.hotel-bellevue.example"),
)
SPAM_WORDS = ("deals", "vital", "casino", "loan", "pharma", "crypto", "replica", "seo", "promo", "bonus")
DRILL = "phishdrill.example"
DRILL_IPS = ("198.51.100.77", "198.51.100.78")

LOOKALIKES_OWN = (
    "northwlnd.example",
    "n0rthwind.example",
    "nortwind.example",
    "northwind-payroll.example",
    "northwind.example.mail-secure.example",
    "xn--nrthwind-n4a.example",
    "northwind-group.test",
)
LOOKALIKES_PARTNER = (
    "contoso-1ogistics.example",
    "contoso-logistic.example",
    "fabrlkam.example",
    "fabrikam-billing.example",
    "adaturn.example",
    "xn--adatm-8va.example",
    "wingtlp.example",
    "wingtip.example.invoices-portal.example",
)
LOOKALIKES_BRAND = (
    "rnicrosoft-login.example",
    "micros0ft-account.example",
    "dhl-parcel-track.example",
    "paypa1-service.example",
    "docusign-secure.example",
    "arnazon-orders.example",
    "adobe-documents.example",
    "linkedln-mail.example",
    "dropbox-share.example",
)
FIRM_FIRST = ("cedar", "harvest", "quarry", "lumen", "tidal", "maple", "iron", "copper", "willow", "summit")
FIRM_LAST = ("works", "labs", "freight", "design", "partners", "supply", "media", "tools", "foods", "clinic")

# (display name, local part); the first four of each language work here, the others elsewhere.
NAMES: dict[str, tuple[tuple[str, str], ...]] = {
    "en": (
        ("Grace Whitfield", "grace.whitfield"),
        ("Owen Carter", "owen.carter"),
        ("Priscilla Hale", "priscilla.hale"),
        ("Dominic Reyes", "dominic.reyes"),
        ("Hannah Brooks", "hannah.brooks"),
        ("Liam O'Connell", "liam.oconnell"),
        ("Ruth Abernathy", "ruth.abernathy"),
    ),
    "de": (
        ("Jürgen Köhler", "juergen.koehler"),
        ("Sabine Großmann", "sabine.grossmann"),
        ("Anke Weiß", "anke.weiss"),
        ("Matthias Brandt", "matthias.brandt"),
        ("Käthe Müller", "kaethe.mueller"),
        ("Björn Schröder", "bjoern.schroeder"),
        ("Uwe Lange", "uwe.lange"),
    ),
    "fr": (
        ("Hélène Girard", "helene.girard"),
        ("François Lefèvre", "francois.lefevre"),
        ("Zoé Marchand", "zoe.marchand"),
        ("Benoît Aubert", "benoit.aubert"),
        ("Chloé Bérenger", "chloe.berenger"),
        ("Gaël Rousseau", "gael.rousseau"),
        ("Inès Moreau", "ines.moreau"),
    ),
    "es": (
        ("Íñigo Muñoz", "inigo.munoz"),
        ("Lucía Peña", "lucia.pena"),
        ("Andrés Cañas", "andres.canas"),
        ("María José Ortiz", "mj.ortiz"),
        ("Raúl Ibáñez", "raul.ibanez"),
        ("Begoña Núñez", "begona.nunez"),
        ("Joaquín Vidal", "joaquin.vidal"),
    ),
    "it": (
        ("Niccolò Bellini", "niccolo.bellini"),
        ("Giulia De Santis", "giulia.desantis"),
        ("Paolo Ricci", "paolo.ricci"),
        ("Elena Fabbri", "elena.fabbri"),
        ("Donatella Rossi", "donatella.rossi"),
        ("Cosimo Greco", "cosimo.greco"),
        ("Marta Galli", "marta.galli"),
    ),
    "ja": (
        ("佐藤 花子", "hanako.sato"),
        ("鈴木 一郎", "ichiro.suzuki"),
        ("高橋 美咲", "misaki.takahashi"),
        ("伊藤 健", "ken.ito"),
        ("渡辺 直人", "naoto.watanabe"),
        ("小林 さくら", "sakura.kobayashi"),
        ("中村 大輔", "daisuke.nakamura"),
    ),
    "zh": (
        ("王 芳", "fang.wang"),
        ("李 伟", "wei.li"),
        ("张 敏", "min.zhang"),
        ("刘 洋", "yang.liu"),
        ("陈 静", "jing.chen"),
        ("赵 磊", "lei.zhao"),
        ("黄 丽", "li.huang"),
    ),
    "ar": (
        ("ليلى حداد", "layla.haddad"),
        ("عمر الخطيب", "omar.alkhatib"),
        ("سارة نجار", "sara.najjar"),
        ("يوسف منصور", "yousef.mansour"),
        ("نور الدين", "nour.aldin"),
        ("خالد العلي", "khaled.alali"),
        ("منى سالم", "mona.salem"),
    ),
    "ru": (
        ("Ольга Смирнова", "olga.smirnova"),
        ("Дмитрий Волков", "dmitry.volkov"),
        ("Анна Кузнецова", "anna.kuznetsova"),
        ("Сергей Орлов", "sergey.orlov"),
        ("Пётр Лебедев", "petr.lebedev"),
        ("Ирина Соколова", "irina.sokolova"),
        ("Михаил Зайцев", "mikhail.zaitsev"),
    ),
    "pl": (
        ("Małgorzata Wójcik", "malgorzata.wojcik"),
        ("Łukasz Dąbrowski", "lukasz.dabrowski"),
        ("Świętosława Król", "swietoslawa.krol"),
        ("Paweł Zieliński", "pawel.zielinski"),
        ("Grażyna Żak", "grazyna.zak"),
        ("Bartłomiej Czyż", "bartlomiej.czyz"),
        ("Agnieszka Gołąb", "agnieszka.golab"),
    ),
    "el": (
        ("Ελένη Παπαδοπούλου", "eleni.papadopoulou"),
        ("Νίκος Γεωργίου", "nikos.georgiou"),
        ("Σοφία Ιωάννου", "sofia.ioannou"),
        ("Γιάννης Δήμου", "giannis.dimou"),
        ("Κατερίνα Αλεξίου", "katerina.alexiou"),
        ("Θανάσης Ρήγας", "thanasis.rigas"),
        ("Άννα Μακρή", "anna.makri"),
    ),
    "he": (
        ("נועה כהן", "noa.cohen"),
        ("איתי לוי", "itay.levi"),
        ("שירה מזרחי", "shira.mizrahi"),
        ("דוד פרץ", "david.peretz"),
        ("תמר ביטון", "tamar.biton"),
        ("יואב שגיא", "yoav.sagi"),
        ("רונית אדלר", "ronit.adler"),
    ),
    "hi": (
        ("अनन्या शर्मा", "ananya.sharma"),
        ("रोहन गुप्ता", "rohan.gupta"),
        ("प्रिया पटेल", "priya.patel"),
        ("विक्रम सिंह", "vikram.singh"),
        ("नेहा वर्मा", "neha.verma"),
        ("अर्जुन मेहता", "arjun.mehta"),
        ("कविता राव", "kavita.rao"),
    ),
    "tr": (
        ("Ayşe Yıldız", "ayse.yildiz"),
        ("Çağlar Öztürk", "caglar.ozturk"),
        ("Gülşen Şahin", "gulsen.sahin"),
        ("İbrahim Koç", "ibrahim.koc"),
        ("Işıl Güneş", "isil.gunes"),
        ("Ömer Çelik", "omer.celik"),
        ("Şebnem Aksoy", "sebnem.aksoy"),
    ),
    "ko": (
        ("김민준", "minjun.kim"),
        ("이서연", "seoyeon.lee"),
        ("박지호", "jiho.park"),
        ("최수아", "sua.choi"),
        ("정하은", "haeun.jung"),
        ("강도윤", "doyun.kang"),
        ("조예린", "yerin.cho"),
    ),
}
LANGUAGES = tuple(NAMES)
LANGUAGE_WEIGHTS = (34, 12, 9, 8, 7, 5, 5, 3, 4, 4, 3, 2, 2, 1, 1)

_DESKS = (
    ("Accounts Payable", "accounts@northwind.example"),
    ("Human Resources", "hr@northwind.example"),
    ("Service Desk", "helpdesk@northwind.example"),
    ("", "info@northwind.example"),
)
EMPLOYEES: tuple[tuple[str, str], ...] = (
    *(
        (name, f"{local}@{OWN_DOMAINS[1] if position == 3 else OWN_DOMAINS[0]}")
        for people in NAMES.values()
        for position, (name, local) in enumerate(people[:4])
    ),
    *_DESKS,
)
