"""The vault: bound to client and row, rotated without a word of it, lost with the key."""

import os
import stat
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from services.screening.app import SERVICE, MasterKeyMissing
from services.screening.domain.errors import Unreadable
from services.screening.jobs import rewrap_keys
from services.screening.master_keys import load_or_create
from services.screening.store import clients
from services.screening.vault import Vault, WrappedKey
from shared.kit.ids import new_id
from shared.kit.testing import running
from tests.screening.chain import CLINICIAN, Chain

ALICE, BOB, ROW = UUID(int=1), UUID(int=2), UUID(int=3)


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault(load_or_create(tmp_path / "master.key"))


def test_what_is_sealed_opens_with_the_wrapped_key(vault: Vault) -> None:
    kept, key = vault.new_key(ALICE)
    sealed = kept.seal("screening", ROW, {"answers": {"disc": "no"}})
    assert b"disc" not in sealed
    assert vault.unwrap(ALICE, key).open("screening", ROW, sealed) == {"answers": {"disc": "no"}}


def test_the_same_answers_never_look_the_same(vault: Vault) -> None:
    kept, _ = vault.new_key(ALICE)
    assert kept.seal("screening", ROW, {}) != kept.seal("screening", ROW, {})


def test_a_ciphertext_moved_to_another_row_kind_or_client_does_not_open(vault: Vault) -> None:
    kept, key = vault.new_key(ALICE)
    sealed = kept.seal("screening", ROW, {"a": 1})
    for kind, id in (("arrival", ROW), ("screening", new_id())):
        with pytest.raises(Unreadable):
            kept.open(kind, id, sealed)
    with pytest.raises(Unreadable):
        vault.unwrap(BOB, key)
    with pytest.raises(Unreadable):
        kept.open("screening", ROW, sealed[:-1] + bytes([sealed[-1] ^ 1]))


def test_a_key_under_an_unknown_master_does_not_open(vault: Vault) -> None:
    _, key = vault.new_key(ALICE)
    with pytest.raises(Unreadable):
        vault.unwrap(ALICE, replace(key, master_key_id="gone"))


def test_a_missing_master_key_file_is_made_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "new" / "master.key"
    made = load_or_create(path)
    assert load_or_create(path) == made
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(path.parent) == ["master.key"]


@pytest.mark.parametrize("text", ["", "short\n", "not base64 at all, and of the wrong length too\n", "# only a word\n"])
def test_a_file_without_a_good_key_is_refused_and_not_repeated(tmp_path: Path, text: str) -> None:
    path = tmp_path / "master.key"
    path.write_text(text)
    with pytest.raises(ValueError) as refused:
        load_or_create(path)
    assert not text.strip() or text.strip() not in str(refused.value)


def test_keys_may_be_base64_or_hex_and_the_first_wraps(tmp_path: Path) -> None:
    old = load_or_create(tmp_path / "a").active
    path = tmp_path / "master.key"
    path.write_text(f"# new one on top\n{'ab' * 32}\n\n{(tmp_path / 'a').read_text()}")
    keys = load_or_create(path)
    assert keys.active.key == b"\xab" * 32
    assert keys.oldest == old
    assert keys.get(old.id) == old


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


async def test_after_a_rotation_the_job_moves_every_key_and_answers_open(
    chain: Chain, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    client_id = await chain.client()
    screening = await chain.screened(client_id, cancer="yes")
    old = Path(os.environ["CAIBEI_SCREENING_MASTER_KEY_FILE"]).read_text()
    rotated = tmp_path / "master.key"
    rotated.write_text(f"{'cd' * 32}\n{old}")
    monkeypatch.setenv("CAIBEI_SCREENING_MASTER_KEY_FILE", str(rotated))
    try:
        async with chain.app.state.database.transaction() as tx:
            assert await rewrap_keys(tx) > 0
            assert await rewrap_keys(tx) == 0
        keys = load_or_create(rotated)
        async with chain.app.state.database.transaction() as tx:
            row = await tx.one("SELECT * FROM client_keys WHERE client_id = :id", {"id": client_id})
            assert row.master_key_id == keys.active.id
            assert await clients.unopenable_keys(tx, [keys.active.id]) == 0
            assert await clients.existing_vault(tx, Vault(keys), client_id)
        monkeypatch.setitem(chain.app.state._state, "vault", Vault(keys))
        shown = await chain.get(f"/v1/screenings/{screening['id']}", *CLINICIAN)
        assert shown.json()["answers"]["cancer"] == "yes"
    finally:
        await chain.as_superuser("DELETE FROM client_keys")


async def test_a_start_without_the_master_key_is_refused(
    chain: Chain, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    await chain.screened(await chain.client())
    monkeypatch.setenv("CAIBEI_SCREENING_MASTER_KEY_FILE", str(tmp_path / "another.key"))
    with pytest.raises(MasterKeyMissing):
        async with running(SERVICE):
            pass


def test_rewrapping_keeps_the_clients_key(vault: Vault, tmp_path: Path) -> None:
    kept, key = vault.new_key(ALICE)
    sealed = kept.seal("screening", ROW, {"a": 1})
    both = tmp_path / "both"
    both.write_text(f"{'ef' * 32}\n{(tmp_path / 'master.key').read_text()}")
    rotated = Vault(load_or_create(both))
    rewrapped = rotated.rewrap(ALICE, key)
    assert rewrapped != key
    assert isinstance(rewrapped, WrappedKey)
    assert rotated.unwrap(ALICE, rewrapped).open("screening", ROW, sealed) == {"a": 1}
