"""Settings every service has, read once from the environment (`CAIBEI_*`), `.env` and secret files."""

from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict


class CommonSettings(BaseSettings):
    """The same for all services: `CAIBEI_<NAME>`."""

    model_config = SettingsConfigDict(env_prefix="CAIBEI_", env_file=".env", extra="ignore", frozen=True)

    kafka_bootstrap_servers: str = "127.0.0.1:9092"
    topic_prefix: str = Field("", description="Put before every topic name; lets test runs share a broker.")
    instance: str = Field(
        "", description="This process's lasting name: restarted under it, it has its partitions at once."
    )
    oidc_issuers: str = Field("http://127.0.0.1:8005", description="Comma-separated issuers whose tokens are taken.")
    oidc_audience: str = "caibei"
    oidc_jwks_file: Path | None = Field(None, description='{"issuer": {"keys": […]}}: keys known without asking.')
    log_format: Literal["json", "console"] = "json"
    log_level: str = "INFO"
    failpoint: str = Field(
        "", description="name:nth[:action], for fault tests; refused when `environment` is production."
    )
    environment: Literal["development", "production"] = "development"
    scheduling_url: str = "http://127.0.0.1:8001"
    screening_url: str = "http://127.0.0.1:8002"
    room_equipment_url: str = "http://127.0.0.1:8003"
    notification_url: str = "http://127.0.0.1:8004"
    identity_url: str = "http://127.0.0.1:8005"
    console_url: str = "http://127.0.0.1:8000"


class ServiceSettings(BaseSettings):
    """What each service has of its own: `CAIBEI_<SERVICE>_<NAME>`. Subclasses set `service` and add theirs.

    A secret may also come from a file: `CAIBEI_<SERVICE>_<NAME>_FILE` names it.
    """

    service: ClassVar[str] = ""
    model_config = SettingsConfigDict(env_file=".env", extra="ignore", frozen=True)

    host: str = "127.0.0.1"
    port: int = Field(0, ge=0, le=65535, description="0 picks a free one.")
    database_url: SecretStr = SecretStr("")
    migration_url: SecretStr = SecretStr("")
    database_pool_size: int = Field(5, ge=1, le=50)
    max_body_bytes: int = Field(262_144, ge=1024)
    client_id: str = ""
    client_secret: SecretStr = SecretStr("")
    requests_per_second: int = Field(2_000, ge=1, description="By API client and process; over it: 429.")

    def body_limits(self) -> dict[str, int]:
        """{end of a path: bytes}, for routes that take files and so more than `max_body_bytes`."""
        return {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, _SecretFiles(settings_cls), dotenv_settings


class _SecretFiles(PydanticBaseSettingsSource):
    """`CAIBEI_X_FILE=/run/secrets/x` gives the field `x` the file's text, without its last newline."""

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:
        import os

        prefix = str(self.config.get("env_prefix", ""))
        path = os.environ.get(f"{prefix}{field_name}_file".upper())
        if path and field.annotation is SecretStr:
            return Path(path).read_text().rstrip("\n"), field_name, False
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        found = {}
        for name, field in self.settings_cls.model_fields.items():
            value, key, _ = self.get_field_value(field, name)
            if value is not None:
                found[key] = value
        return found
