"""The rules of a time zone as this process reads them, told apart by a fingerprint.

Outside `domain/` because it reads files. A version's name is not enough: files are patched without one, and what counts
is whether this zone's rules are the ones its instants were derived from.
"""

import zoneinfo
from contextlib import suppress
from hashlib import sha256
from importlib import metadata, resources
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from zoneinfo import ZoneInfo


def rules_of(key: str) -> str:
    """The fingerprint of a zone's data, found where `zoneinfo` finds it.

    Raises:
        zoneinfo.ZoneInfoNotFoundError: there is none.
    """
    return sha256(_data(key)).hexdigest()[:16]


def read_again(key: str) -> ZoneInfo:
    """The zone by the rules that lie there now, also if an older one was read before; they are `rules_of` it."""
    ZoneInfo.clear_cache(only_keys=[key])
    return ZoneInfo(key)


def version() -> str | None:
    """The release of the zone data, such as 2026b, where it says so."""
    for folder in zoneinfo.TZPATH:
        file = Path(folder, "tzdata.zi")
        if file.is_file():
            with file.open(encoding="utf-8") as lines:
                return lines.readline().removeprefix("# version ").strip() or None
    with suppress(PackageNotFoundError):
        return metadata.version("tzdata")
    return None


def _data(key: str) -> bytes:
    for folder in zoneinfo.TZPATH:
        file = Path(folder, key)
        if file.is_file():
            return file.read_bytes()
    try:
        return resources.files("tzdata.zoneinfo").joinpath(*key.split("/")).read_bytes()
    except (ModuleNotFoundError, FileNotFoundError):
        raise zoneinfo.ZoneInfoNotFoundError(key) from None
