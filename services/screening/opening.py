"""The vault as the settings describe it."""

from services.screening import kms
from services.screening.key_shares import FolderShares, KeyShares
from services.screening.master_keys import FileKeys, GivenKeys, KeyRing, KeySource
from services.screening.settings import Settings
from services.screening.vault import Vault


def key_ring(settings: Settings) -> KeyRing:
    """
    Raises:
        ValueError: what is set holds no key.
    """
    service = kms.named(settings.kms, settings.kms_key.get_secret_value())
    given = settings.master_keys.get_secret_value()
    source: KeySource = GivenKeys(given, service) if given else FileKeys(settings.master_key_file, service)
    return KeyRing(source)


def open_vault(settings: Settings | None = None) -> Vault:
    """Reads the master keys, and makes their file if there is none."""
    settings = settings or Settings()
    return Vault(key_ring(settings), key_shares(settings))


def key_shares(settings: Settings | None = None) -> KeyShares:
    """Where the other halves of clients' keys are. Another kind of store takes this one's place here."""
    return FolderShares((settings or Settings()).key_shares_dir)
