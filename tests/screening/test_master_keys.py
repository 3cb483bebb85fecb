"""Master keys: where they come from, and their life from fresh to destroyed."""

import os
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.screening import kms
from services.screening.handlers.rotate import rewrap_keys
from services.screening.kms import Kms, LocalKms
from services.screening.master_keys import FileKeys, GivenKeys, KeyRing, MasterKey, MasterKeys
from services.screening.opening import key_ring
from services.screening.settings import Settings
from tests.screening.chain import CLINICIAN, Chain, questionnaire

OPS = ("ops:read", "ops:write")
PATH = "/v1/master-keys"


class Reversing:
    """Another vendor's service, as a chain would plug it in: good enough to see that it is the one that was asked."""

    def wrap(self, key: bytes) -> bytes:
        return key[::-1]

    def unwrap(self, wrapped: bytes) -> bytes:
        return wrapped[::-1]


def test_a_missing_file_is_made_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "new" / "master.key"
    made = FileKeys(path).read()
    assert FileKeys(path).read() == made
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(path.parent) == ["master.key"]


@pytest.mark.parametrize("text", ["", "short\n", "not base64 at all, and of the wrong length too\n", "# only a word\n"])
def test_a_file_without_a_good_key_is_refused_and_not_repeated(tmp_path: Path, text: str) -> None:
    path = tmp_path / "master.key"
    path.write_text(text)
    with pytest.raises(ValueError) as refused:
        FileKeys(path).read()
    assert not text.strip() or text.strip() not in str(refused.value)


def test_keys_may_be_base64_or_hex_and_the_first_wraps(tmp_path: Path) -> None:
    old = FileKeys(tmp_path / "a").read().active
    path = tmp_path / "master.key"
    path.write_text(f"# new one on top\n{'ab' * 32}\n\n{(tmp_path / 'a').read_text()}")
    keys = FileKeys(path).read()
    assert keys.active.key == b"\xab" * 32
    assert keys.get(old.id) == old


def test_keys_may_come_from_the_environment_and_are_not_changed_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAIBEI_SCREENING_MASTER_KEYS", f"{'ab' * 32},{'cd' * 32}")
    ring = key_ring(Settings())
    assert [key.key for key in ring.keys] == [b"\xab" * 32, b"\xcd" * 32]
    assert isinstance(ring.source, GivenKeys)
    assert not ring.source.writable
    assert "abab" not in repr(Settings())


@pytest.mark.parametrize("service", [LocalKms(b"\x01" * 32), Reversing()], ids=["local", "another"])
def test_a_kms_keeps_the_key_out_of_its_file(tmp_path: Path, service: Kms) -> None:
    path = tmp_path / "master.key"
    keys = FileKeys(path, service).read()
    assert path.read_text().startswith("kms:")
    assert FileKeys(path, service).read() == keys
    with pytest.raises(ValueError, match="KMS"):
        FileKeys(path).read()


def test_another_local_kms_does_not_open_it(tmp_path: Path) -> None:
    FileKeys(tmp_path / "k", LocalKms(b"\x01" * 32)).read()
    with pytest.raises(ValueError, match="does not open"):
        FileKeys(tmp_path / "k", LocalKms(b"\x02" * 32)).read()


def test_a_plain_file_moves_under_a_kms_by_rotating(tmp_path: Path) -> None:
    plain = FileKeys(tmp_path / "k").read()
    service = LocalKms(b"\x01" * 32)
    FileKeys(tmp_path / "k", service).change(lambda held: MasterKeys((MasterKey.fresh(), *held.keys)))
    assert [line.startswith("kms:") for line in (tmp_path / "k").read_text().split()] == [True, True]
    assert FileKeys(tmp_path / "k", service).read().get(plain.active.id) == plain.active


def test_the_kms_is_named_in_the_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert kms.named("", "") is None
    assert isinstance(kms.named("local", "ab" * 32), LocalKms)
    assert isinstance(kms.named(f"{__name__}:Reversing", ""), Reversing)
    for name, key in (("local", ""), ("module.only", "")):
        with pytest.raises(ValueError, match="CAIBEI_SCREENING_KMS"):
            kms.named(name, key)
    monkeypatch.setenv("CAIBEI_SCREENING_MASTER_KEY_FILE", str(tmp_path / "k"))
    monkeypatch.setenv("CAIBEI_SCREENING_KMS", "local")
    monkeypatch.setenv("CAIBEI_SCREENING_KMS_KEY", "ab" * 32)
    assert key_ring(Settings()).active
    assert (tmp_path / "k").read_text().startswith("kms:")


def test_a_ring_sees_what_another_process_changed(tmp_path: Path) -> None:
    source = FileKeys(tmp_path / "k")
    ring, old = KeyRing(source), source.read().active
    changed = FileKeys(tmp_path / "k").change(lambda held: MasterKeys((MasterKey.fresh(), *held.keys)))
    assert ring.active == changed.active
    assert ring.get(old.id) == old


@pytest.fixture
async def rotating(chain: Chain, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Chain]:
    """A chain whose master keys a test may change; afterwards they are as before, and so are the clients."""
    path = Path(os.environ["CAIBEI_SCREENING_MASTER_KEY_FILE"])
    before = path.read_text()
    yield chain
    path.write_text(before)
    await chain.as_superuser("DELETE FROM client_keys")
    await chain.as_superuser("DELETE FROM idempotency_keys")


async def test_a_rotation_moves_every_key_batch_by_batch_and_answers_open_all_the_while(rotating: Chain) -> None:
    screenings = [await rotating.screened(await rotating.client(), cancer="yes") for _ in range(3)]
    (old,) = [key for key in (await rotating.get(PATH, *OPS)).json()["items"] if key["active"]]
    rotated = await rotating.post(PATH, {"reason": "yearly"}, *OPS)
    assert rotated.status_code == 201, rotated.text
    new, *_ = rotated.json()["items"]
    assert (new["active"], new["client_keys"]) == (True, 0)
    left = old["client_keys"]
    while left:
        answer = (await rotating.post(f"{PATH}/rewrap", {"limit": 2}, *OPS)).json()
        assert answer == {"moved": min(2, left), "left": max(0, left - 2)}
        left = answer["left"]
        for screening in screenings:
            shown = (await rotating.get(f"/v1/screenings/{screening['id']}", *CLINICIAN)).json()
            assert shown["answers"]["cancer"] == "yes"
    new, former = (await rotating.get(PATH, *OPS)).json()["items"][:2]
    assert (new["client_keys"], former["id"], former["client_keys"]) == (old["client_keys"], old["id"], 0)
    audit = (await rotating.get(f"/v1/audit?subject_id={new['id']}", "ops:read")).json()["items"]
    assert [(line["action"], line["reason"]) for line in audit] == [("rotated", "yearly")]


async def test_the_job_rewraps_what_is_under_an_old_key(rotating: Chain) -> None:
    await rotating.screened(await rotating.client())
    await rotating.post(PATH, {"reason": "yearly"}, *OPS)
    async with rotating.app.state.database.transaction() as tx:
        assert await rewrap_keys(tx) > 0
        assert await rewrap_keys(tx) == 0
    assert sum(key["client_keys"] for key in (await rotating.get(PATH, *OPS)).json()["items"] if not key["active"]) == 0


async def test_an_old_key_is_destroyed_only_when_nothing_needs_it(rotating: Chain) -> None:
    client_id = await rotating.client()
    body, header = questionnaire(client_id), {"Idempotency-Key": f"rotation-{client_id}"}
    async with rotating.http(*CLINICIAN) as http:
        screening = (await http.post("/v1/screenings", json=body, headers=header)).json()
    (old,) = [key["id"] for key in (await rotating.get(PATH, *OPS)).json()["items"] if key["active"]]

    async def destroy() -> tuple[int, str]:
        async with rotating.http(*OPS) as http:
            answer = await http.delete(f"{PATH}/{old}?reason=rotated")
        return answer.status_code, answer.json()["code"] if answer.content else ""

    assert await destroy() == (409, "master_key_active")
    await rotating.post(PATH, {"reason": "yearly"}, *OPS)
    assert await destroy() == (409, "master_key_in_use")
    while (await rotating.post(f"{PATH}/rewrap", {"limit": 1000}, *OPS)).json()["left"]:
        pass
    assert await destroy() == (409, "master_key_in_use")  # yesterday's idempotency records
    async with rotating.http(*CLINICIAN) as http:
        again = await http.post("/v1/screenings", json=body, headers=header)
    assert (again.status_code, again.json()["id"]) == (201, screening["id"])
    await rotating.as_superuser("UPDATE idempotency_keys SET created_at = created_at - interval '25 hours'")
    assert await destroy() == (204, "")
    assert await destroy() == (404, "master_key_not_found")
    shown = await rotating.get(f"/v1/screenings/{screening['id']}", *CLINICIAN)
    assert shown.json()["answers"] == body["answers"]


async def test_keys_kept_elsewhere_are_not_changed_here(rotating: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    held = Path(os.environ["CAIBEI_SCREENING_MASTER_KEY_FILE"]).read_text().replace("\n", ",")
    monkeypatch.setattr(rotating.app.state.vault, "keys", KeyRing(GivenKeys(held)))
    refused = await rotating.post(PATH, {"reason": "yearly"}, *OPS)
    assert (refused.status_code, refused.json()["code"]) == (409, "master_keys_kept_elsewhere")


async def test_only_one_who_sees_the_whole_chain_changes_master_keys(rotating: Chain) -> None:
    for scopes, branches in ((OPS, [rotating.branch_id]), (("ops:read",), ["*"])):
        assert (await rotating.post(PATH, {"reason": "x"}, *scopes, branches=branches)).status_code == 403
