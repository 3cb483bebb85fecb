from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.identity.domain.api_clients import ApiClient, Reach, granted, is_proven
from services.identity.domain.errors import BranchNotHeld, ClientRevoked, ScopeNotHeld, TokenRefused
from services.identity.domain.secrets import seal
from shared.errors import Invalid

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SECRET = "s" * 43
NEXT_SECRET = "n" * 43


def reach(*scopes: str, branches: tuple[str, ...] = ("*",)) -> Reach:
    return Reach(scopes=frozenset(scopes), branches=frozenset(branches))


def a_client(**changes: object) -> ApiClient:
    client = ApiClient(
        client_id="desk",
        name="Desk",
        reach=reach("scheduling:read", "scheduling:write"),
        secret=seal(SECRET, b"1" * 16),
    )
    return replace(client, **changes)  # type: ignore[arg-type]


def test_the_secret_proves_the_client_and_another_one_does_not() -> None:
    assert is_proven(a_client(), SECRET, NOW)
    assert not is_proven(a_client(), SECRET + "x", NOW)


def test_an_unknown_client_is_never_proven() -> None:
    assert not is_proven(None, SECRET, NOW)


def test_a_sealed_secret_holds_nothing_of_the_secret_and_differs_by_salt() -> None:
    one, two = seal(SECRET, b"1" * 16), seal(SECRET, b"2" * 16)
    assert one.digest != two.digest
    assert SECRET.encode() not in one.digest


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(Invalid, match="secret_too_short"):
        seal("hunter2", b"1" * 16)


def test_after_a_rotation_only_the_new_secret_opens() -> None:
    client = a_client().rotated(seal(NEXT_SECRET, b"2" * 16), NOW, timedelta(0))
    assert is_proven(client, NEXT_SECRET, NOW)
    assert not is_proven(client, SECRET, NOW)


def test_a_rotation_with_an_overlap_lets_the_old_secret_in_until_its_end() -> None:
    client = a_client().rotated(seal(NEXT_SECRET, b"2" * 16), NOW, timedelta(minutes=30))
    assert is_proven(client, SECRET, NOW + timedelta(minutes=29))
    assert not is_proven(client, SECRET, NOW + timedelta(minutes=30))


def test_a_revoked_client_is_not_proven_and_cannot_be_rotated() -> None:
    revoked = a_client().rotated(seal(NEXT_SECRET, b"2" * 16), NOW, timedelta(hours=1)).revoked(NOW)
    assert not is_proven(revoked, NEXT_SECRET, NOW)
    assert not is_proven(revoked, SECRET, NOW)
    with pytest.raises(ClientRevoked):
        revoked.rotated(seal(SECRET, b"3" * 16), NOW, timedelta(0))


def test_revoking_twice_keeps_the_first_time() -> None:
    revoked = a_client().revoked(NOW)
    assert revoked.revoked(NOW + timedelta(days=1)) == revoked


def test_a_token_holds_what_was_asked_or_all_when_nothing_was() -> None:
    assert granted(a_client(), []) == {"scheduling:read", "scheduling:write"}
    assert granted(a_client(), ["scheduling:read"]) == {"scheduling:read"}


def test_a_scope_the_client_does_not_hold_is_refused_and_not_left_out_silently() -> None:
    with pytest.raises(TokenRefused) as refused:
        granted(a_client(), ["scheduling:read", "screening:answers"])
    assert refused.value.code == "invalid_scope"


def test_nobody_hands_out_more_scopes_or_branches_than_they_hold() -> None:
    manager = reach("identity:manage", "scheduling:read", branches=("a", "b"))
    manager.must_cover(reach("scheduling:read", branches=("a",)))
    with pytest.raises(ScopeNotHeld):
        manager.must_cover(reach("screening:answers", branches=("a",)))
    with pytest.raises(BranchNotHeld):
        manager.must_cover(reach("scheduling:read", branches=("*",)))
    with pytest.raises(BranchNotHeld):
        manager.must_cover(reach("scheduling:read", branches=("a", "c")))
