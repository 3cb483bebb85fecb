"""`settings.md`: every setting by the name of its environment variable, from the settings classes."""

from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from pydantic_settings import BaseSettings

from deploy.docs.sources import services
from deploy.docs.text import GENERATED, table
from shared.kit.settings import CommonSettings, ServiceSettings

_HEAD = ("Variable", "Default", "What it is")


def page() -> str:
    """The settings all processes share, those each service has under its own prefix, and what a service adds."""
    lines = [
        "# Settings",
        "",
        GENERATED,
        "",
        "Environment variables, or lines of a file `.env`. A secret may also come from a file: `…_FILE` names it.",
        "",
        "## Common",
        "",
        *table(_HEAD, _rows(CommonSettings, CommonSettings.model_fields, "CAIBEI_")),
        "",
        "## Of each service",
        "",
        "`<SERVICE>` is `SCHEDULING`, `SCREENING`, `ROOM_EQUIPMENT`, `NOTIFICATION`, `IDENTITY` or `CONSOLE`.",
        "",
        *table(_HEAD, _rows(ServiceSettings, ServiceSettings.model_fields, "CAIBEI_<SERVICE>_")),
    ]
    for service in services():
        own = {
            name: field
            for name, field in service.settings.model_fields.items()
            if name not in ServiceSettings.model_fields
        }
        if own:
            prefix = str(service.settings.model_config.get("env_prefix", ""))
            lines += ["", f"## {service.name}", "", *table(_HEAD, _rows(service.settings, own, prefix))]
    return "\n".join(lines) + "\n"


def _rows(settings: type[BaseSettings], fields: dict[str, FieldInfo], prefix: str) -> list[list[str]]:
    return [[f"`{prefix}{name.upper()}`", _default(field), _meaning(field)] for name, field in fields.items()]


def _default(field: FieldInfo) -> str:
    value: Any = field.get_default(call_default_factory=False)
    if value is PydanticUndefined:
        return "must be set"
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if isinstance(value, Path):
        value = value.as_posix()
    return "" if value in (None, "") else f"`{value}`"


def _meaning(field: FieldInfo) -> str:
    values = [value for value in _literal(field.annotation) if isinstance(value, str)]
    choice = f"One of {', '.join(f'`{value}`' for value in values)}." if values else ""
    return " ".join(part for part in (field.description, choice) if part)


def _literal(annotation: Any) -> tuple[Any, ...]:
    if get_origin(annotation) is UnionType:
        return ()
    return get_args(annotation)
