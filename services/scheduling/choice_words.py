"""The words of the page on which a client chooses another slot. They are shown as they are: no markup in them."""

from dataclasses import dataclass

from services.scheduling.domain.alternatives import Kind


@dataclass(frozen=True, slots=True)
class Words:
    """One language. `outcomes`: title and text by the appointment's status; `other` stands for every other one."""

    title: str
    intro: str
    kinds: dict[Kind, str]
    take: str
    with_whom: str
    nothing: str
    gone: str
    refused: str
    none_suits: str
    call_hint: str
    call: str
    called: str
    cancel: str
    cancel_hint: str
    cancel_sure: str
    look_again: str
    reach: str
    ended: tuple[str, str]
    outcomes: dict[str, tuple[str, str]]
    when: str
    weekdays: tuple[str, ...]
    months: tuple[str, ...]

    def outcome(self, status: str) -> tuple[str, str]:
        return self.outcomes.get(status) or self.outcomes["other"]


def _kinds(*words: str) -> dict[Kind, str]:
    return dict(zip(Kind, words, strict=True))


WORDS: dict[str, Words] = {
    "en": Words(
        title="Please choose what suits you",
        intro="We are sorry: this session cannot take place as it was booked, because its room is not available.",
        kinds=_kinds("The same time, in another room", "The same time, with another therapist", "Another time",
                     "At another of our branches", "Another treatment that suits you"),
        take="Take this one",
        with_whom="with {therapist}",
        nothing="Nothing is free near that time just now. We will gladly look for something together.",
        gone="Somebody else has just taken that one. These are free now.",
        refused="That one could not be booked. Please choose another, or let us call you.",
        none_suits="None of them suits you?",
        call_hint="We will call you and find a time together.",
        call="Please call me",
        called="Thank you: we will call you. You can still choose here before we do.",
        cancel="Cancel without a fee",
        cancel_hint="The session is then cancelled. It costs you nothing.",
        cancel_sure="Yes, cancel it",
        look_again="Look again",
        reach="Questions? This is how you reach {branch}:",
        ended=("There is nothing left to choose",
               "The time of this session has passed. Nothing is charged. Please call your branch for a new one."),
        outcomes={
            "pending": ("One moment: we are booking it", "Please look again in a few seconds."),
            "confirmed": ("It is booked", "This is your session now. We look forward to seeing you."),
            "checked_in": ("You are here", "Welcome."),
            "cancelled": ("It is cancelled", "Nothing is charged. We would be glad to see you another time."),
            "other": ("There is nothing left to choose", "This session needs no answer from you any more."),
        },
        when="{weekday}, {day} {month}, {time} ({zone})",
        weekdays=("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
        months=("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
                "November", "December"),
    ),
    "de": Words(
        title="Bitte wählen Sie, was Ihnen passt",
        intro="Es tut uns leid: Dieser Termin kann nicht wie gebucht stattfinden, denn sein Raum steht nicht zur "
        "Verfügung.",
        kinds=_kinds("Zur selben Zeit in einem anderen Raum", "Zur selben Zeit bei einer anderen Therapeutin",
                     "Zu einer anderen Zeit", "In einer anderen unserer Filialen",
                     "Eine andere Behandlung, die zu Ihnen passt"),
        take="Diesen nehmen",
        with_whom="bei {therapist}",
        nothing="In der Nähe dieser Zeit ist gerade nichts frei. Wir suchen gern gemeinsam mit Ihnen.",
        gone="Den hat gerade jemand anderes genommen. Diese sind jetzt frei.",
        refused="Der ließ sich nicht buchen. Bitte wählen Sie einen anderen oder lassen Sie sich anrufen.",
        none_suits="Passt Ihnen keiner davon?",
        call_hint="Wir rufen Sie an und finden gemeinsam eine Zeit.",
        call="Bitte rufen Sie mich an",
        called="Danke: Wir rufen Sie an. Bis dahin können Sie hier noch selbst wählen.",
        cancel="Kostenlos absagen",
        cancel_hint="Der Termin ist dann abgesagt. Das kostet Sie nichts.",
        cancel_sure="Ja, absagen",
        look_again="Noch einmal nachsehen",
        reach="Fragen? So erreichen Sie {branch}:",
        ended=("Hier ist nichts mehr zu wählen",
               "Die Zeit dieses Termins ist vorbei. Es kostet Sie nichts. Für einen neuen rufen Sie bitte Ihre Filiale "
               "an."),
        outcomes={
            "pending": ("Einen Moment: Wir buchen gerade", "Bitte sehen Sie in ein paar Sekunden noch einmal nach."),
            "confirmed": ("Es ist gebucht", "Das ist jetzt Ihr Termin. Wir freuen uns auf Sie."),
            "checked_in": ("Sie sind da", "Willkommen."),
            "cancelled": ("Es ist abgesagt", "Es kostet Sie nichts. Wir freuen uns auf ein anderes Mal."),
            "other": ("Hier ist nichts mehr zu wählen", "Für diesen Termin brauchen wir keine Antwort mehr von Ihnen."),
        },
        when="{weekday}, {day}. {month}, {time} Uhr ({zone})",
        weekdays=("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"),
        months=("Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober",
                "November", "Dezember"),
    ),
    "es": Words(
        title="Elija lo que mejor le venga",
        intro="Lo sentimos: esta sesión no puede tener lugar como estaba reservada, porque su sala no está disponible.",
        kinds=_kinds("A la misma hora, en otra sala", "A la misma hora, con otra terapeuta", "A otra hora",
                     "En otro de nuestros centros", "Otro tratamiento adecuado para usted"),
        take="Elegir esta",
        with_whom="con {therapist}",
        nothing="Ahora mismo no hay nada libre cerca de esa hora. Con gusto buscaremos algo juntos.",
        gone="Otra persona acaba de elegir esa. Estas están libres ahora.",
        refused="Esa no se ha podido reservar. Elija otra o deje que le llamemos.",
        none_suits="¿No le viene bien ninguna?",
        call_hint="Le llamaremos y buscaremos una hora juntos.",
        call="Llámenme, por favor",
        called="Gracias: le llamaremos. Hasta entonces todavía puede elegir aquí.",
        cancel="Anular sin coste",
        cancel_hint="La sesión quedará anulada. No le cuesta nada.",
        cancel_sure="Sí, anularla",
        look_again="Mirar de nuevo",
        reach="¿Preguntas? Así nos encuentra en {branch}:",
        ended=("Ya no queda nada que elegir",
               "La hora de esta sesión ha pasado. No se le cobra nada. Para otra, llame a su centro."),
        outcomes={
            "pending": ("Un momento: la estamos reservando", "Mire de nuevo dentro de unos segundos."),
            "confirmed": ("Está reservada", "Esta es ahora su sesión. Le esperamos."),
            "checked_in": ("Ya está aquí", "Le damos la bienvenida."),
            "cancelled": ("Está anulada", "No se le cobra nada. Esperamos verle en otra ocasión."),
            "other": ("Ya no queda nada que elegir", "Esta sesión ya no necesita ninguna respuesta suya."),
        },
        when="{weekday} {day} de {month}, {time} ({zone})",
        weekdays=("lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"),
        months=("enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre",
                "noviembre", "diciembre"),
    ),
    "zh-Hans": Words(
        title="请选择适合您的安排",
        intro="非常抱歉：由于房间不可用，该预约无法按原来的安排进行。",
        kinds=_kinds("同一时间，换房间", "同一时间，换技师", "其他时间", "我们的其他分店", "适合您的其他项目"),
        take="选择这个",
        with_whom="技师：{therapist}",
        nothing="目前该时间附近没有空位。我们很乐意与您一起寻找。",
        gone="刚刚有人选择了那个时间。以下是现在的空位。",
        refused="那个时间未能预约成功。请选择其他时间，或让我们致电给您。",
        none_suits="都不合适吗？",
        call_hint="我们会致电给您，一起找到合适的时间。",
        call="请给我打电话",
        called="谢谢：我们会致电给您。在此之前，您仍可在这里选择。",
        cancel="免费取消",
        cancel_hint="预约将被取消，您无需支付任何费用。",
        cancel_sure="是的，取消预约",
        look_again="再看一次",
        reach="有问题吗？您可以这样联系{branch}：",
        ended=("已没有可选择的内容", "该预约的时间已过，不收取任何费用。如需新的预约，请致电门店。"),
        outcomes={
            "pending": ("请稍候：正在为您预约", "请过几秒钟再看一次。"),
            "confirmed": ("已预约成功", "这是您现在的预约。期待您的光临。"),
            "checked_in": ("您已到店", "欢迎光临。"),
            "cancelled": ("已取消", "不收取任何费用。期待下次见到您。"),
            "other": ("已没有可选择的内容", "该预约不再需要您的答复。"),
        },
        when="{month}{day}日 {weekday} {time}（{zone}）",
        weekdays=("星期一", "星期二", "星期三", "星期四", "星期五", "星期六", "星期日"),
        months=("1月", "2月", "3月", "4月", "5月", "6月", "7月", "8月", "9月", "10月", "11月", "12月"),
    ),
}  # fmt: skip
