"""What every page for a phone may say, in each language. Shown as it is: no markup in it."""

from dataclasses import dataclass
from datetime import date

LANGUAGES = ("en", "de", "es", "zh-Hans")

NAMES = {"en": "English", "de": "Deutsch", "es": "Español", "zh-Hans": "简体中文"}
"""Each language by its own name: that is how its reader finds it."""


@dataclass(frozen=True, slots=True)
class Words:
    """One language. `refusals`: title and text by HTTP status; 500 stands for every other. `day` is how a date is
    written, with `months` for its month."""

    language: str
    problem: str
    error: str
    months: tuple[str, ...]
    day: str
    refusals: dict[int, tuple[str, str]]


WORDS: dict[str, Words] = {
    "en": Words(
        language="Language",
        problem="Please look at this again",
        error="Please correct",
        months=("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
                "November", "December"),
        day="{day} {month} {year}",
        refusals={
            403: ("This did not go through", "Please open the link in your message again and go on from there."),
            404: ("This link does not open anything",
                  "Please open the whole link from your message once more. If that does not help, call your branch."),
            409: ("This did not go through", "Please open the link in your message again and go on from there."),
            413: ("This is too long", "Please go back and write less."),
            422: ("This did not go through", "Please go back and try it once more."),
            429: ("Just a moment, please", "Too much came at once. Wait a minute, then try again."),
            503: ("Just a moment, please",
                  "We cannot be reached just now. Nothing that you sent before is lost. Try again in a minute."),
            500: ("Something went wrong here",
                  "It is our mistake, not yours. Nothing that you sent before is lost. Try again later, or call your "
                  "branch."),
        },
    ),
    "de": Words(
        language="Sprache",
        problem="Bitte sehen Sie hier noch einmal nach",
        error="Bitte korrigieren",
        months=("Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober",
                "November", "Dezember"),
        day="{day}. {month} {year}",
        refusals={
            403: ("Das hat nicht geklappt",
                  "Bitte öffnen Sie den Link in Ihrer Nachricht noch einmal und machen Sie dort weiter."),
            404: ("Dieser Link öffnet nichts",
                  "Bitte öffnen Sie den ganzen Link aus Ihrer Nachricht noch einmal. Hilft das nicht, rufen Sie bitte "
                  "Ihre Filiale an."),
            409: ("Das hat nicht geklappt",
                  "Bitte öffnen Sie den Link in Ihrer Nachricht noch einmal und machen Sie dort weiter."),
            413: ("Das ist zu lang", "Bitte gehen Sie zurück und schreiben Sie weniger."),
            422: ("Das hat nicht geklappt", "Bitte gehen Sie zurück und versuchen Sie es noch einmal."),
            429: ("Einen Moment bitte", "Es kam zu viel auf einmal. Warten Sie eine Minute und versuchen Sie es dann."),
            503: ("Einen Moment bitte",
                  "Wir sind gerade nicht erreichbar. Was Sie bisher gesendet haben, ist gespeichert. Versuchen Sie es "
                  "in einer Minute noch einmal."),
            500: ("Bei uns ist etwas schiefgegangen",
                  "Das ist unser Fehler, nicht Ihrer. Was Sie bisher gesendet haben, ist gespeichert. Versuchen Sie es "
                  "später noch einmal oder rufen Sie Ihre Filiale an."),
        },
    ),
    "es": Words(
        language="Idioma",
        problem="Por favor, revise esto",
        error="Corrija, por favor",
        months=("enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre",
                "noviembre", "diciembre"),
        day="{day} de {month} de {year}",
        refusals={
            403: ("No se ha podido hacer", "Vuelva a abrir el enlace de su mensaje y continúe desde ahí."),
            404: ("Este enlace no abre nada",
                  "Vuelva a abrir el enlace completo de su mensaje. Si no funciona, llame a su sucursal."),
            409: ("No se ha podido hacer", "Vuelva a abrir el enlace de su mensaje y continúe desde ahí."),
            413: ("Es demasiado largo", "Vuelva atrás y escriba menos."),
            422: ("No se ha podido hacer", "Vuelva atrás e inténtelo otra vez."),
            429: ("Un momento, por favor", "Ha llegado demasiado a la vez. Espere un minuto e inténtelo de nuevo."),
            503: ("Un momento, por favor",
                  "Ahora mismo no estamos disponibles. Lo que ya ha enviado está guardado. Inténtelo de nuevo en un "
                  "minuto."),
            500: ("Algo ha fallado aquí",
                  "Es un fallo nuestro, no suyo. Lo que ya ha enviado está guardado. Inténtelo más tarde o llame a su "
                  "sucursal."),
        },
    ),
    "zh-Hans": Words(
        language="语言",
        problem="请再看一下这里",
        error="请更正",
        months=tuple(str(month) for month in range(1, 13)),
        day="{year}年{month}月{day}日",
        refusals={
            403: ("未能提交", "请重新打开消息中的链接，然后继续。"),
            404: ("此链接无法打开", "请重新打开消息中的完整链接。如果仍然不行，请致电门店。"),
            409: ("未能提交", "请重新打开消息中的链接，然后继续。"),
            413: ("内容过长", "请返回并缩短内容。"),
            422: ("未能提交", "请返回再试一次。"),
            429: ("请稍候", "一次收到的请求过多。请等一分钟再试。"),
            503: ("请稍候", "暂时无法连接。您之前提交的内容已保存。请一分钟后再试。"),
            500: ("这里出了点问题", "这是我们的问题，与您无关。您之前提交的内容已保存。请稍后再试，或致电门店。"),
        },
    ),
}  # fmt: skip


def day_said(day: date, language: str) -> str:
    """A date as it is written in this language."""
    words = WORDS[language]
    return words.day.format(day=day.day, month=words.months[day.month - 1], year=day.year)
