"""What the client's own page says of a decision: plain and kind, with what to do next, in every language.

Nobody is told a condition back; a decline least of all.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Told:
    """An outcome: what it is, and what to do next, a line each. `{treatment}` and `{day}` are filled in."""

    title: str
    text: tuple[str, ...]
    next: tuple[str, ...]


OUTCOMES: dict[str, dict[str, Told]] = {
    "en": {
        "cleared": Told("Thank you! You can have {treatment}",
                        ("Nothing in your answers stands in the way.",),
                        ("If you have booked, just come. If not, you can book now.",
                         "If anything about your health changes before then, please tell us.")),
        "cleared_limits": Told("Thank you! You can have {treatment}",
                               ("Your therapist will adapt the session to your answers.",),
                               ("If you have booked, just come. If not, you can book now.",
                                "If anything about your health changes before then, please tell us.")),
        "clearance_required": Told("Almost there: please bring a letter",
                                   ("To be on the safe side, we ask for a letter from a healthcare professional "
                                    "who knows you before you have {treatment}.",),
                                   ("Ask your doctor, or another professional who treats you, to write whether it "
                                    "suits you, and what to leave out.",
                                    "Send or bring the letter to your branch. Until it is there we cannot confirm "
                                    "a session.")),
        "deferred": Told("Please wait a little with {treatment}",
                         ("Your body needs some more time first. The first possible day is {day}.",),
                         ("Choose a day from then on. If you have booked an earlier one, call us and we will find "
                          "another.",)),
        "deferred_letter": Told("Please wait a little with {treatment}",
                                ("Your body needs some more time first. The first possible day is {day}, with a "
                                 "letter from a healthcare professional.",),
                                ("Ask your doctor, or another professional who treats you, to write whether it "
                                 "suits you then.",
                                 "Send or bring the letter to your branch, and we will find a day together.")),
        "deferred_well": Told("Please get well first",
                              ("{treatment} should wait until you are well again. We wish you a good recovery.",),
                              ("When you are well, call us: you get a new link and answer once more.",
                               "If you have booked, call us and we will find another day.")),
        "open": Told("Some questions are still open",
                     ("Where you were not sure, we would rather know than guess. Nothing can be confirmed before.",),
                     ("Please find out, best from a healthcare professional who knows you.",
                      "Then call us: you get a new link and answer once more.")),
        "declined": Told("We would like to offer you something else",
                         ("After what you told us, {treatment} would not be safe for you. Thank you for being "
                          "open; your safety comes first.",),
                         ("Call us: we gladly help you find a treatment that does you good.",
                          "A session of this kind that you have booked is cancelled without a fee; we write to you.",
                          "If this worries you, a healthcare professional can tell you more.")),
    },
    "de": {
        "cleared": Told("Danke! {treatment} ist für Sie möglich",
                        ("Nach Ihren Antworten spricht nichts dagegen.",),
                        ("Wenn Sie gebucht haben, kommen Sie einfach. Wenn nicht, können Sie jetzt buchen.",
                         "Wenn sich bis dahin etwas an Ihrer Gesundheit ändert, sagen Sie es uns bitte.")),
        "cleared_limits": Told("Danke! {treatment} ist für Sie möglich",
                               ("Ihre Therapeutin oder Ihr Therapeut stimmt die Behandlung auf Ihre Antworten ab.",),
                               ("Wenn Sie gebucht haben, kommen Sie einfach. Wenn nicht, können Sie jetzt buchen.",
                                "Wenn sich bis dahin etwas an Ihrer Gesundheit ändert, sagen Sie es uns bitte.")),
        "clearance_required": Told("Fast geschafft: Bitte bringen Sie ein Schreiben mit",
                                   ("Um sicherzugehen, bitten wir vor einem Termin für {treatment} um ein "
                                    "Schreiben einer medizinischen Fachperson, die Sie kennt.",),
                                   ("Bitten Sie Ihre Ärztin, Ihren Arzt oder eine andere behandelnde Fachperson, zu "
                                    "schreiben, ob sie für Sie geeignet ist und was auszulassen ist.",
                                    "Senden oder bringen Sie das Schreiben in Ihre Filiale. Vorher können wir "
                                    "keinen Termin bestätigen.")),
        "deferred": Told("Bitte warten Sie noch etwas: {treatment}",
                         ("Ihr Körper braucht noch etwas Zeit. Der erste mögliche Tag ist der {day}.",),
                         ("Wählen Sie einen Tag ab dann. Haben Sie früher gebucht, rufen Sie uns an: Wir finden "
                          "einen anderen Termin.",)),
        "deferred_letter": Told("Bitte warten Sie noch etwas: {treatment}",
                                ("Ihr Körper braucht noch etwas Zeit. Der erste mögliche Tag ist der {day}, mit einem "
                                 "Schreiben einer medizinischen Fachperson.",),
                                ("Bitten Sie Ihre Ärztin, Ihren Arzt oder eine andere behandelnde Fachperson, zu "
                                 "schreiben, ob die Behandlung dann für Sie geeignet ist.",
                                 "Senden oder bringen Sie das Schreiben in Ihre Filiale, und wir finden gemeinsam "
                                 "einen Tag.")),
        "deferred_well": Told("Werden Sie bitte erst gesund",
                              ("Diese Behandlung sollte warten, bis es Ihnen wieder gut geht: {treatment}. Wir "
                               "wünschen gute Besserung.",),
                              ("Wenn es Ihnen wieder gut geht, rufen Sie uns an: Sie bekommen einen neuen Link und "
                               "antworten noch einmal.",
                               "Haben Sie gebucht, rufen Sie uns an: Wir finden einen anderen Tag.")),
        "open": Told("Einige Fragen sind noch offen",
                     ("Wo Sie nicht sicher waren, wollen wir lieber wissen als raten. Vorher kann nichts bestätigt "
                      "werden.",),
                     ("Bitte klären Sie das, am besten mit einer medizinischen Fachperson, die Sie kennt.",
                      "Rufen Sie uns dann an: Sie bekommen einen neuen Link und antworten noch einmal.")),
        "declined": Told("Wir möchten Ihnen etwas anderes anbieten",
                         ("Nach dem, was Sie uns gesagt haben, wäre diese Behandlung für Sie nicht sicher: "
                          "{treatment}. Danke für Ihre Offenheit; Ihre Sicherheit geht vor.",),
                         ("Rufen Sie uns an: Wir finden gern eine Behandlung, die Ihnen guttut.",
                          "Ein schon gebuchter Termin dieser Art wird ohne Gebühr abgesagt; wir schreiben Ihnen.",
                          "Wenn Sie das beunruhigt, kann eine medizinische Fachperson Ihnen mehr sagen.")),
    },
    "es": {
        "cleared": Told("¡Gracias! Es posible para usted: {treatment}",
                        ("Nada en sus respuestas lo impide.",),
                        ("Si ya tiene reserva, venga sin más. Si no, puede reservar ahora.",
                         "Si algo cambia en su salud hasta entonces, díganoslo, por favor.")),
        "cleared_limits": Told("¡Gracias! Es posible para usted: {treatment}",
                               ("Su terapeuta adaptará la sesión a sus respuestas.",),
                               ("Si ya tiene reserva, venga sin más. Si no, puede reservar ahora.",
                                "Si algo cambia en su salud hasta entonces, díganoslo, por favor.")),
        "clearance_required": Told("Ya casi está: traiga una carta, por favor",
                                   ("Para mayor seguridad, antes de una sesión de {treatment} le pedimos una "
                                    "carta de un profesional sanitario que le conozca.",),
                                   ("Pida a su médico, o a otro profesional que le trate, que escriba si es adecuada "
                                    "para usted y qué hay que evitar.",
                                    "Envíe o traiga la carta a su sucursal. Hasta entonces no podemos confirmar "
                                    "ninguna sesión.")),
        "deferred": Told("Conviene esperar un poco: {treatment}",
                         ("Su cuerpo necesita algo más de tiempo. El primer día posible es el {day}.",),
                         ("Elija un día a partir de entonces. Si ya reservó uno anterior, llámenos y buscamos "
                          "otro.",)),
        "deferred_letter": Told("Conviene esperar un poco: {treatment}",
                                ("Su cuerpo necesita algo más de tiempo. El primer día posible es el {day}, con una "
                                 "carta de un profesional sanitario.",),
                                ("Pida a su médico, o a otro profesional que le trate, que escriba si entonces es "
                                 "adecuada para usted.",
                                 "Envíe o traiga la carta a su sucursal y buscamos un día con usted.")),
        "deferred_well": Told("Primero, recupérese",
                              ("Esta sesión debe esperar hasta que se encuentre bien: {treatment}. Le deseamos una "
                               "buena recuperación.",),
                              ("Cuando se encuentre bien, llámenos: recibirá otro enlace y responderá de nuevo.",
                               "Si ya tiene reserva, llámenos y buscamos otro día.")),
        "open": Told("Quedan preguntas por aclarar",
                     ("Donde no tenía seguridad, preferimos saber a suponer. Hasta entonces no se puede confirmar "
                      "nada.",),
                     ("Averígüelo, mejor con un profesional sanitario que le conozca.",
                      "Después llámenos: recibirá otro enlace y responderá de nuevo.")),
        "declined": Told("Queremos ofrecerle otra cosa",
                         ("Por lo que nos ha contado, esta sesión no sería segura para usted: {treatment}. Gracias "
                          "por su sinceridad; su seguridad es lo primero.",),
                         ("Llámenos: con gusto le ayudamos a encontrar un tratamiento que le siente bien.",
                          "Si ya tenía reservada una sesión de este tipo, se cancela sin coste; le escribiremos.",
                          "Si esto le preocupa, un profesional sanitario puede decirle más.")),
    },
    "zh-Hans": {
        "cleared": Told("谢谢！您可以做{treatment}", ("根据您的回答，没有妨碍。",),
                        ("如已预约，请按时到店；如未预约，现在就可以预约。",
                         "如果在此之前您的健康状况有变化，请告诉我们。")),
        "cleared_limits": Told("谢谢！您可以做{treatment}", ("技师会根据您的回答调整手法。",),
                               ("如已预约，请按时到店；如未预约，现在就可以预约。",
                                "如果在此之前您的健康状况有变化，请告诉我们。")),
        "clearance_required": Told("还差一步：请提供一份证明",
                                   ("为了稳妥起见，做{treatment}之前，请提供一份由了解您情况的医疗专业人员出具的证明。",),
                                   ("请您的医生或为您诊治的其他专业人员写明这个项目是否适合您，以及需要避免什么。",
                                    "请将证明发送或带到门店。收到之前，我们无法确认预约。")),
        "deferred": Told("{treatment}请稍等一段时间", ("您的身体还需要一些时间。最早可以预约的日期是{day}。",),
                         ("请选择这一天或之后的日期。如果您已预约更早的日期，请致电我们改期。",)),
        "deferred_letter": Told("{treatment}请稍等一段时间",
                                ("您的身体还需要一些时间。最早可以预约的日期是{day}，届时还需要一份医疗专业人员的证明。",),
                                ("请您的医生或为您诊治的其他专业人员写明届时这个项目是否适合您。",
                                 "请将证明发送或带到门店，我们一起选定日期。")),
        "deferred_well": Told("请先好好休养", ("{treatment}请等您康复以后再做。祝您早日康复。",),
                              ("康复后请致电我们：您会收到新的链接，再回答一次即可。", "如已预约，请致电我们改期。")),
        "open": Told("还有问题需要确认", ("您不确定的地方，我们希望弄清楚，而不是猜测。在此之前无法确认预约。",),
                     ("请先确认，最好询问了解您情况的医疗专业人员。",
                      "然后请致电我们：您会收到新的链接，再回答一次即可。")),
        "declined": Told("我们想为您推荐其他项目",
                         ("根据您告诉我们的情况，{treatment}对您来说不够安全。感谢您的坦诚，您的安全最重要。",),
                         ("请致电我们，我们很乐意帮您选择合适的项目。",
                          "如果您已预约此类项目，将免费取消，我们会写信通知您。",
                          "如果您为此担心，医疗专业人员可以给您更多建议。")),
    },
}  # fmt: skip
