"""The vault: bound to client, table, column and row; opened by a master key with a share, and by neither alone."""

import os
from dataclasses import replace
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from services.screening.app import SERVICE, KeySharesMissing, MasterKeyMissing
from services.screening.domain.errors import Unreadable
from services.screening.key_shares import FolderShares, ShareDestroyed, ShareLost
from services.screening.master_keys import FileKeys, KeyRing
from services.screening.vault import Vault, WrappedKey
from shared.kit.ids import new_id
from shared.kit.testing import running
from tests.screening.api.test_clearances import PDF, recorded
from tests.screening.chain import CLINICIAN, Chain

ALICE, BOB, ROW = UUID(int=1), UUID(int=2), UUID(int=3)


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault(KeyRing(FileKeys(tmp_path / "master.key")), FolderShares(tmp_path / "shares"))


def test_what_is_sealed_opens_with_the_wrapped_key(vault: Vault) -> None:
    kept, key = vault.new_key(ALICE)
    sealed = kept.seal("screening", ROW, {"answers": {"disc": "no"}})
    assert b"disc" not in sealed
    assert vault.unwrap(ALICE, key).open("screening", ROW, sealed) == {"answers": {"disc": "no"}}


def test_the_same_answers_never_look_the_same(vault: Vault) -> None:
    kept, _ = vault.new_key(ALICE)
    assert kept.seal("screening", ROW, {}) != kept.seal("screening", ROW, {})


def test_each_ciphertext_names_the_key_it_is_under(vault: Vault) -> None:
    (kept, key), (other, _) = vault.new_key(ALICE), vault.new_key(ALICE)
    sealed = kept.seal("screening", ROW, {})
    assert key.key_id.bytes in sealed
    with pytest.raises(Unreadable):
        other.open("screening", ROW, sealed)


def test_a_ciphertext_moved_to_another_row_kind_or_client_does_not_open(vault: Vault) -> None:
    kept, key = vault.new_key(ALICE)
    sealed = kept.seal("screening", ROW, {"a": 1})
    for kind, id in (("arrival", ROW), ("document", ROW), ("screening", new_id())):
        with pytest.raises(Unreadable):
            kept.open(kind, id, sealed)
    with pytest.raises(Unreadable):
        vault.unwrap(BOB, key)


@pytest.mark.parametrize("place", [0, 5, 17, 30, -1])
def test_a_ciphertext_with_any_byte_changed_or_cut_does_not_open(vault: Vault, place: int) -> None:
    kept, key = vault.new_key(ALICE)
    for sealed, opens in (
        (bytearray(kept.seal("screening", ROW, {"a": 1})), lambda b: kept.open("screening", ROW, b)),
        (bytearray(key.wrapped), lambda b: vault.unwrap(ALICE, replace(key, wrapped=b))),
    ):
        sealed[place] ^= 1
        with pytest.raises(Unreadable):
            opens(bytes(sealed))
        with pytest.raises(Unreadable):
            opens(bytes(sealed[:20]))


def test_a_key_under_an_unknown_master_does_not_open(vault: Vault) -> None:
    _, key = vault.new_key(ALICE)
    with pytest.raises(Unreadable):
        vault.unwrap(ALICE, replace(key, master_key_id="gone"))


def test_without_its_share_a_key_does_not_open_whoever_has_the_master_key(vault: Vault, tmp_path: Path) -> None:
    _, key = vault.new_key(ALICE)
    _, other = vault.new_key(ALICE)
    elsewhere = Vault(vault.keys, FolderShares(tmp_path / "another"))
    with pytest.raises(Unreadable):
        elsewhere.unwrap(ALICE, key)
    vault.shares.destroy(key.key_id)
    with pytest.raises(Unreadable):
        vault.unwrap(ALICE, key)
    assert vault.unwrap(ALICE, other)


def test_a_destroyed_share_is_overwritten_and_stays_known_and_a_lost_one_is_another_thing(tmp_path: Path) -> None:
    shares, key_id = FolderShares(tmp_path), uuid4()
    share = shares.make(key_id)
    (file,) = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert file.read_bytes() == share == shares.get(key_id)
    assert file.stat().st_mode & 0o777 == 0o600
    with file.open("rb") as same_file:  # the very blocks, not a new file beside them
        for _ in range(2):
            shares.destroy(key_id)
        assert same_file.read() == b""
    with pytest.raises(ShareDestroyed):
        shares.get(key_id)
    with pytest.raises(ShareLost):
        shares.get(uuid4())
    assert shares.destroyed() == [key_id]
    with pytest.raises(FileExistsError):
        shares.make(key_id)


async def test_swapped_rows_do_not_open(chain: Chain) -> None:
    first, second = await chain.client(), await chain.client()
    one, other = await chain.screened(first, cancer="yes"), await chain.screened(second)
    await chain.as_superuser(
        "UPDATE screenings s SET vault = o.vault FROM screenings o WHERE s.id = $1 AND o.id = $2",
        UUID(other["id"]),
        UUID(one["id"]),
    )
    response = await chain.get(f"/v1/screenings/{other['id']}", *CLINICIAN)
    assert (response.status_code, response.json()["code"]) == (503, "vault_unreadable")


async def test_swapped_rows_of_one_client_do_not_open_either(chain: Chain) -> None:
    client_id = await chain.client()
    screening = await chain.screened(client_id, cancer="yes")
    letters = [UUID((await recorded(chain, screening["id"], document=PDF))["id"]) for _ in range(2)]
    for table, column, key in (("clearance_documents", "sealed", "clearance_id"), ("clearances", "vault", "id")):
        await chain.as_superuser(
            f"UPDATE {table} t SET {column} = o.{column} FROM {table} o WHERE t.{key} = $1 AND o.{key} = $2", *letters
        )
        path = f"/v1/screenings/{screening['id']}" + (
            f"/clearances/{letters[0]}/document" if key == "clearance_id" else ""
        )
        response = await chain.get(path, *CLINICIAN)
        assert (response.status_code, response.json()["code"]) == (503, "vault_unreadable")


async def test_swapped_keys_do_not_open(chain: Chain) -> None:
    first, second = await chain.client(), await chain.client()
    screening = await chain.screened(first)
    await chain.screened(second)
    await chain.as_superuser(
        "WITH gone AS (DELETE FROM client_keys WHERE client_id = $2 RETURNING wrapped)"
        " UPDATE client_keys SET wrapped = overlay(gone.wrapped placing '\\x00'::bytea from 17 for 1) FROM gone"
        " WHERE client_id = $1",
        first,
        second,
    )
    response = await chain.get(f"/v1/screenings/{screening['id']}", *CLINICIAN)
    assert (response.status_code, response.json()["code"]) == (503, "vault_unreadable")
    await chain.as_superuser("DELETE FROM client_keys WHERE client_id = $1", first)


async def test_a_start_without_the_master_key_is_refused(
    chain: Chain, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    await chain.screened(await chain.client())
    monkeypatch.setenv("CAIBEI_SCREENING_MASTER_KEY_FILE", str(tmp_path / "another.key"))
    with pytest.raises(MasterKeyMissing):
        async with running(SERVICE):
            pass


async def test_a_start_without_the_shares_is_refused(
    chain: Chain, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    await chain.screened(await chain.client())
    monkeypatch.setenv("CAIBEI_SCREENING_KEY_SHARES_DIR", str(tmp_path))
    with pytest.raises(KeySharesMissing):
        async with running(SERVICE):
            pass


def test_rewrapping_keeps_the_clients_key(vault: Vault, tmp_path: Path) -> None:
    kept, key = vault.new_key(ALICE)
    sealed = kept.seal("screening", ROW, {"a": 1})
    both = tmp_path / "both"
    both.write_text(f"{'ef' * 32}\n{(tmp_path / 'master.key').read_text()}")
    rotated = Vault(KeyRing(FileKeys(both)), vault.shares)
    rewrapped = rotated.rewrap(ALICE, key)
    assert (rewrapped.key_id, rewrapped.master_key_id != key.master_key_id) == (key.key_id, True)
    assert isinstance(rewrapped, WrappedKey)
    assert rotated.unwrap(ALICE, rewrapped).open("screening", ROW, sealed) == {"a": 1}
    assert os.listdir(tmp_path / "shares")
