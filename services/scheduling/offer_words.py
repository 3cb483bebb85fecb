"""The words of the page on which a client answers an offer of the waitlist. Shown as they are: no markup in them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    """One language. `outcomes`: title and text by the offer's state; names of days and the like are the choice's."""

    title: str
    intro: str
    until: str
    accept: str
    decline: str
    decline_hint: str
    decline_sure: str
    outcomes: dict[str, tuple[str, str]]


WORDS: dict[str, Words] = {
    "en": Words(
        title="It is your turn",
        intro="This has become free, and you are next in line. We keep it for you.",
        until="Please answer until {until}. After that the next in line is asked.",
        accept="Yes, book it for me",
        decline="No, thank you",
        decline_hint="The next in line is asked at once. You keep your place for other times.",
        decline_sure="No, ask the next one",
        outcomes={
            "accepted": ("We are booking it", "This takes a few seconds. Look again in a moment."),
            "booked": ("It is booked", "We look forward to seeing you."),
            "declined": ("Thank you for telling us", "The next in line is asked. You keep your place for other times."),
            "refused": (
                "It could not be booked",
                "We are sorry: in the meantime something stood in the way. You keep your place for other times.",
            ),
            "lapsed": (
                "The time to answer is over",
                "The next in line has been asked. You keep your place for other times.",
            ),
            "withdrawn": ("This offer has ended", "You are no longer in line for this."),
        },
    ),
    "de": Words(
        title="Sie sind an der Reihe",
        intro="Dieser Termin ist frei geworden, und Sie sind als Nächstes an der Reihe. Wir halten ihn für Sie frei.",
        until="Bitte antworten Sie bis {until}. Danach fragen wir die Nächsten.",
        accept="Ja, bitte buchen",
        decline="Nein, danke",
        decline_hint="Die Nächsten werden sofort gefragt. Für andere Zeiten behalten Sie Ihren Platz.",
        decline_sure="Nein, die Nächsten fragen",
        outcomes={
            "accepted": ("Wir buchen", "Das dauert ein paar Sekunden. Bitte sehen Sie gleich noch einmal nach."),
            "booked": ("Gebucht", "Wir freuen uns auf Sie."),
            "declined": (
                "Danke für Ihre Antwort",
                "Die Nächsten werden gefragt. Für andere Zeiten behalten Sie Ihren Platz.",
            ),
            "refused": (
                "Die Buchung war nicht möglich",
                "Es tut uns leid: Inzwischen stand etwas im Weg. Für andere Zeiten behalten Sie Ihren Platz.",
            ),
            "lapsed": (
                "Die Zeit für eine Antwort ist vorbei",
                "Die Nächsten wurden gefragt. Für andere Zeiten behalten Sie Ihren Platz.",
            ),
            "withdrawn": ("Dieses Angebot ist beendet", "Sie stehen dafür nicht mehr auf der Warteliste."),
        },
    ),
    "es": Words(
        title="Es su turno",
        intro="Esta hora ha quedado libre y usted es el siguiente en la lista de espera. Se la guardamos.",
        until="Responda, por favor, antes de: {until}. Después preguntaremos al siguiente.",
        accept="Sí, resérvela",
        decline="No, gracias",
        decline_hint="Preguntaremos enseguida al siguiente. Usted conserva su puesto para otras horas.",
        decline_sure="No, pregunten al siguiente",
        outcomes={
            "accepted": ("Estamos reservando", "Tarda unos segundos. Vuelva a mirar dentro de un momento."),
            "booked": ("Reservada", "Le esperamos con mucho gusto."),
            "declined": (
                "Gracias por avisarnos",
                "Preguntaremos al siguiente. Usted conserva su puesto para otras horas.",
            ),
            "refused": (
                "No se ha podido reservar",
                "Lo sentimos: entretanto ha surgido un impedimento. Usted conserva su puesto para otras horas.",
            ),
            "lapsed": (
                "El plazo para responder ha pasado",
                "Se ha preguntado al siguiente. Usted conserva su puesto para otras horas.",
            ),
            "withdrawn": ("Esta oferta ha terminado", "Ya no está en la lista de espera para esto."),
        },
    ),
    "zh-Hans": Words(
        title="轮到您了",
        intro="以下时段已空出，您是候补名单上的下一位。我们为您保留。",
        until="请在 {until} 之前答复，之后将询问下一位。",
        accept="好的，请为我预约",
        decline="不用了，谢谢",
        decline_hint="我们会立即询问下一位。其他时段您仍保留原来的位置。",
        decline_sure="不用，请询问下一位",
        outcomes={
            "accepted": ("正在预约", "需要几秒钟，请稍后再看。"),
            "booked": ("已预约", "期待您的光临。"),
            "declined": ("感谢您的答复", "我们会询问下一位。其他时段您仍保留原来的位置。"),
            "refused": ("未能预约", "非常抱歉，其间出现了障碍。其他时段您仍保留原来的位置。"),
            "lapsed": ("答复时间已过", "已询问下一位。其他时段您仍保留原来的位置。"),
            "withdrawn": ("此邀约已结束", "您已不在此候补名单上。"),
        },
    ),
}
