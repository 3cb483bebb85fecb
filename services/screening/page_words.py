"""The words of the client's own page, in every language of the protocols. Shown as they are: no markup in them.

What an outcome is told in stands in `outcome_words.py`.
"""

from dataclasses import dataclass

from services.screening.outcome_words import Told


@dataclass(frozen=True, slots=True)
class Words:
    """One language. Texts with `{…}` are filled in by the page."""

    title: str
    intro: tuple[str, ...]
    advisory: str
    acknowledge: str
    acknowledge_missing: str
    begin: str
    go_on: str
    back: str
    step: str
    questions: str
    yes: str
    no: str
    unsure: str
    day_unknown: str
    answer_missing: str
    day_missing: str
    day_wrong: str
    day_future: str
    follows: str
    renewed: str
    review: str
    change: str
    sign: str
    declaration: str
    name: str
    name_missing: str
    signing: str
    signing_missing: str
    as_self: str
    as_guardian: str
    send: str
    next: str
    call: str
    write: str
    ask: str
    done: Told
    expired: Told
    revoked: Told


WORDS: dict[str, Words] = {
    "en": Words(
        title="Before your session: {treatment}",
        intro=(
            "A few questions about your health, so that your session is safe and does you good. It takes about five "
            "minutes.",
            "What you answer is saved as you go: you can close this page and go on later with the same link. Your "
            "answers are kept encrypted, and every reading of them is recorded.",
        ),
        advisory="Please read this first", acknowledge="I have read this advice.",
        acknowledge_missing="Please confirm that you have read this advice",
        begin="Start", go_on="Continue", back="Back", step="Step {step} of {steps}", questions="Your health",
        yes="Yes", no="No", unsure="I am not sure", day_unknown="I do not know the day",
        answer_missing="Please choose an answer", day_missing="Please give the day, or say that you do not know it",
        day_wrong="Please give a day as it stands in the calendar", day_future="This day has not come yet",
        follows="Your answer leads to one more question.",
        renewed="Our questions have changed since you began. Your answers to those that stayed the same are kept; "
                "please go through them once more.",
        review="Check your answers", change="Change", sign="Sign",
        declaration="With my name I confirm that I have read the advice, and that my answers are true as far as I "
                    "know.",
        name="First and last name of who signs", name_missing="Please write the name of who signs",
        signing="I sign", signing_missing="Please choose for whom you sign",
        as_self="for myself", as_guardian="as parent or legal guardian",
        send="Sign and send", next="What to do next",
        call="Questions? Call {branch}:", write="Questions? Write to {branch}:",
        ask="Questions? Call your branch. The number is in the message with your link.",
        done=Told("Thank you, your answers are with us",
                  ("There is nothing more to do here. For your privacy, this link does not show your answers again.",),
                  ("If anything about your health changes before your session, please tell us.",)),
        expired=Told("This link has ended",
                     ("For your privacy, a link can be used for a few days only.",),
                     ("Call us and we will gladly send you a new one.",)),
        revoked=Told("This link is no longer in use",
                     ("Perhaps there is a newer message with another link.",),
                     ("Look for the latest message, or call us and we will help you.",)),
    ),
    "de": Words(
        title="Vor Ihrer Behandlung: {treatment}",
        intro=(
            "Einige Fragen zu Ihrer Gesundheit, damit Ihre Behandlung sicher ist und Ihnen guttut. Das dauert etwa "
            "fünf Minuten.",
            "Ihre Antworten werden laufend gespeichert: Sie können diese Seite schließen und später mit demselben Link "
            "weitermachen. Sie werden verschlüsselt aufbewahrt, und jedes Lesen wird festgehalten.",
        ),
        advisory="Bitte lesen Sie das zuerst", acknowledge="Ich habe diesen Rat gelesen.",
        acknowledge_missing="Bitte bestätigen Sie, dass Sie diesen Rat gelesen haben",
        begin="Beginnen", go_on="Weiter", back="Zurück", step="Schritt {step} von {steps}",
        questions="Ihre Gesundheit",
        yes="Ja", no="Nein", unsure="Ich bin nicht sicher", day_unknown="Ich weiß den Tag nicht",
        answer_missing="Bitte wählen Sie eine Antwort",
        day_missing="Bitte geben Sie den Tag an, oder dass Sie ihn nicht wissen",
        day_wrong="Bitte geben Sie einen Tag an, wie er im Kalender steht", day_future="Dieser Tag kommt erst noch",
        follows="Ihre Antwort führt zu einer weiteren Frage.",
        renewed="Unsere Fragen haben sich geändert, seit Sie begonnen haben. Ihre Antworten auf gleich gebliebene "
                "Fragen sind noch da; bitte gehen Sie sie noch einmal durch.",
        review="Prüfen Sie Ihre Antworten", change="Ändern", sign="Unterschreiben",
        declaration="Mit meinem Namen bestätige ich, dass ich den Rat gelesen habe und dass meine Antworten stimmen, "
                    "soweit ich weiß.",
        name="Vor- und Nachname der Person, die unterschreibt",
        name_missing="Bitte schreiben Sie den Namen der Person, die unterschreibt",
        signing="Ich unterschreibe", signing_missing="Bitte wählen Sie, für wen Sie unterschreiben",
        as_self="für mich selbst", as_guardian="als Elternteil oder gesetzliche Vertretung",
        send="Unterschreiben und senden", next="Wie es weitergeht",
        call="Fragen? Rufen Sie {branch} an:", write="Fragen? Schreiben Sie an {branch}:",
        ask="Fragen? Rufen Sie Ihre Filiale an. Die Nummer steht in der Nachricht mit Ihrem Link.",
        done=Told("Danke, Ihre Antworten sind bei uns",
                  ("Hier gibt es nichts mehr zu tun. Zu Ihrem Schutz zeigt dieser Link Ihre Antworten nicht noch "
                   "einmal.",),
                  ("Wenn sich vor Ihrer Behandlung etwas an Ihrer Gesundheit ändert, sagen Sie es uns bitte.",)),
        expired=Told("Dieser Link ist abgelaufen",
                     ("Zu Ihrem Schutz gilt ein Link nur einige Tage.",),
                     ("Rufen Sie uns an, wir senden Ihnen gern einen neuen.",)),
        revoked=Told("Dieser Link gilt nicht mehr",
                     ("Vielleicht gibt es eine neuere Nachricht mit einem anderen Link.",),
                     ("Sehen Sie nach der neuesten Nachricht, oder rufen Sie uns an: Wir helfen Ihnen.",)),
    ),
    "es": Words(
        title="Antes de su sesión: {treatment}",
        intro=(
            "Algunas preguntas sobre su salud, para que la sesión sea segura y le siente bien. Se tarda unos cinco "
            "minutos.",
            "Lo que responde se guarda sobre la marcha: puede cerrar esta página y seguir más tarde con el mismo "
            "enlace. Sus respuestas se guardan cifradas y queda registrado cada vez que alguien las lee.",
        ),
        advisory="Lea esto primero, por favor", acknowledge="He leído este consejo.",
        acknowledge_missing="Confirme que ha leído este consejo",
        begin="Empezar", go_on="Continuar", back="Atrás", step="Paso {step} de {steps}", questions="Su salud",
        yes="Sí", no="No", unsure="No estoy seguro/a", day_unknown="No sé qué día fue",
        answer_missing="Elija una respuesta", day_missing="Indique el día, o que no lo sabe",
        day_wrong="Indique un día que exista en el calendario", day_future="Ese día aún no ha llegado",
        follows="Su respuesta lleva a una pregunta más.",
        renewed="Nuestras preguntas han cambiado desde que empezó. Se conservan sus respuestas a las que siguen igual; "
                "revíselas otra vez, por favor.",
        review="Revise sus respuestas", change="Cambiar", sign="Firmar",
        declaration="Con mi nombre confirmo que he leído el consejo y que mis respuestas son ciertas, hasta donde sé.",
        name="Nombre y apellidos de quien firma", name_missing="Escriba el nombre de quien firma",
        signing="Firmo", signing_missing="Elija por quién firma",
        as_self="por mí", as_guardian="como madre, padre o representante legal",
        send="Firmar y enviar", next="Qué hacer ahora",
        call="¿Preguntas? Llame a {branch}:", write="¿Preguntas? Escriba a {branch}:",
        ask="¿Preguntas? Llame a su sucursal. El número está en el mensaje con su enlace.",
        done=Told("Gracias, ya tenemos sus respuestas",
                  ("Aquí no queda nada por hacer. Para proteger su intimidad, este enlace no vuelve a mostrar sus "
                   "respuestas.",),
                  ("Si algo cambia en su salud antes de la sesión, díganoslo, por favor.",)),
        expired=Told("Este enlace ha caducado",
                     ("Para proteger su intimidad, un enlace vale solo unos días.",),
                     ("Llámenos y le enviaremos otro con mucho gusto.",)),
        revoked=Told("Este enlace ya no se usa",
                     ("Quizá haya un mensaje más reciente con otro enlace.",),
                     ("Busque el último mensaje, o llámenos y le ayudamos.",)),
    ),
    "zh-Hans": Words(
        title="到店之前：{treatment}",
        intro=(
            "请回答几个健康问题，让您的项目安全又舒适。大约需要五分钟。",
            "您的回答会随时保存：可以先关闭此页面，之后用同一链接继续。回答会加密保存，每次查阅都有记录。",
        ),
        advisory="请先阅读", acknowledge="我已阅读以上建议。", acknowledge_missing="请确认您已阅读以上建议",
        begin="开始", go_on="继续", back="返回", step="第 {step} 步，共 {steps} 步", questions="您的健康",
        yes="是", no="否", unsure="不确定", day_unknown="我不知道是哪一天",
        answer_missing="请选择一个回答", day_missing="请填写日期，或注明不知道",
        day_wrong="请填写日历上存在的日期", day_future="这一天还没有到",
        follows="根据您的回答，还有一个问题。",
        renewed="自您开始填写以来，问题有所更新。未变问题的回答已保留，请再看一遍。",
        review="请核对您的回答", change="修改", sign="签名",
        declaration="我以本人姓名确认：我已阅读以上建议，所填内容据我所知属实。",
        name="签名人姓名", name_missing="请填写签名人姓名",
        signing="我签名的身份", signing_missing="请选择您以何种身份签名",
        as_self="本人", as_guardian="父母或法定监护人",
        send="签名并提交", next="接下来怎么做",
        call="有疑问？请致电{branch}：", write="有疑问？请写信给{branch}：",
        ask="有疑问？请致电门店，号码在附有链接的消息中。",
        done=Told("谢谢，我们已收到您的回答",
                  ("这里没有需要再做的事。为保护您的隐私，此链接不会再显示您的回答。",),
                  ("如果到店之前您的健康状况有变化，请告诉我们。",)),
        expired=Told("此链接已过期", ("为保护您的隐私，链接只在几天内有效。",),
                     ("请致电我们，我们很乐意给您发送新的链接。",)),
        revoked=Told("此链接已停用", ("也许您有一条更新的消息，附有另一个链接。",),
                     ("请查看最新的消息，或致电我们，我们会帮助您。",)),
    ),
}  # fmt: skip
