"""The bar page's words. They are shown as they are: no markup in them."""

from dataclasses import dataclass

LANGUAGES = ("en", "de", "es", "zh-Hans")


@dataclass(frozen=True, slots=True)
class Words:
    """One language."""

    bar: str
    branch: str
    room: str
    load: str
    until: str
    since: str
    due: str
    read_at: str
    kilograms: str
    states: dict[str, str]
    reasons: dict[str, str]
    room_not_cleared: str
    do_not_use: str
    unknown: str
    unknown_detail: str


WORDS: dict[str, Words] = {
    "en": Words(
        bar="Bar", branch="Branch", room="Room", load="Rated load", until="Certified until", since="Since",
        due="Next inspection due", read_at="Read", kilograms="kg",
        states={"certified": "Certified", "locked_out": "Locked out", "not_certified": "Not certified"},
        reasons={
            "no_bar": "No bar is mounted.", "too_few_bars": "Fewer bars are mounted than the room requires.",
            "never_inspected": "Not inspected as it is mounted now.", "lapsed": "The certificate has ended.",
            "failed": "It failed its latest inspection.", "locked_out": "It was locked out.",
            "out_of_service": "It is out of service.", "removed": "It is recorded as removed.",
        },
        room_not_cleared="This room is not cleared for sessions on the bars.", do_not_use="Do not use this bar.",
        unknown="State unknown",
        unknown_detail="The record cannot be read just now. Do not use this bar until it can.",
    ),
    "de": Words(
        bar="Stange", branch="Filiale", room="Raum", load="Nennlast", until="Geprüft bis", since="Seit",
        due="Nächste Prüfung fällig", read_at="Gelesen", kilograms="kg",
        states={"certified": "Geprüft", "locked_out": "Gesperrt", "not_certified": "Nicht geprüft"},
        reasons={
            "no_bar": "Keine Stange ist montiert.", "too_few_bars": "Es sind weniger Stangen montiert als verlangt.",
            "never_inspected": "So, wie sie jetzt montiert ist, wurde sie nicht geprüft.",
            "lapsed": "Die Bescheinigung ist abgelaufen.", "failed": "Die letzte Prüfung wurde nicht bestanden.",
            "locked_out": "Sie wurde gesperrt.", "out_of_service": "Sie ist außer Betrieb.",
            "removed": "Sie ist als abgebaut verzeichnet.",
        },
        room_not_cleared="Dieser Raum ist nicht für Behandlungen an den Stangen freigegeben.",
        do_not_use="Diese Stange nicht benutzen.", unknown="Zustand unbekannt",
        unknown_detail="Der Nachweis ist gerade nicht lesbar. Diese Stange bis dahin nicht benutzen.",
    ),
    "es": Words(
        bar="Barra", branch="Sucursal", room="Sala", load="Carga nominal", until="Certificada hasta", since="Desde",
        due="Próxima inspección", read_at="Leído", kilograms="kg",
        states={"certified": "Certificada", "locked_out": "Bloqueada", "not_certified": "No certificada"},
        reasons={
            "no_bar": "No hay ninguna barra montada.", "too_few_bars": "Hay menos barras montadas de las exigidas.",
            "never_inspected": "No se ha inspeccionado tal como está montada ahora.",
            "lapsed": "El certificado ha caducado.", "failed": "No superó su última inspección.",
            "locked_out": "Ha sido bloqueada.", "out_of_service": "Está fuera de servicio.",
            "removed": "Consta como retirada.",
        },
        room_not_cleared="Esta sala no está autorizada para sesiones con barras.", do_not_use="No use esta barra.",
        unknown="Estado desconocido",
        unknown_detail="El registro no se puede leer ahora. No use esta barra hasta que se pueda.",
    ),
    "zh-Hans": Words(
        bar="吊杆", branch="门店", room="房间", load="额定载荷", until="检验有效期至", since="自",
        due="下次检验到期日", read_at="读取时间", kilograms="公斤",
        states={"certified": "检验合格", "locked_out": "已锁定停用", "not_certified": "未检验合格"},
        reasons={
            "no_bar": "未安装吊杆。", "too_few_bars": "已安装的吊杆少于房间要求。",
            "never_inspected": "按目前的安装方式尚未检验。", "lapsed": "检验证书已过期。",
            "failed": "最近一次检验不合格。", "locked_out": "已被锁定。", "out_of_service": "已停止使用。",
            "removed": "记录为已拆除。",
        },
        room_not_cleared="此房间目前不得进行吊杆项目。", do_not_use="请勿使用此吊杆。", unknown="状态未知",
        unknown_detail="目前无法读取记录。在能够读取之前请勿使用此吊杆。",
    ),
}  # fmt: skip
