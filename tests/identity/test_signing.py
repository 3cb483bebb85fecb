import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import jwt
import pytest

from services.identity import signing


def test_a_missing_key_file_is_made_for_its_owner_only_and_used_again(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "signing.pem"
    first = signing.load_or_create(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert signing.load_or_create(path).kid == first.kid
    assert [file.name for file in path.parent.iterdir()] == ["signing.pem"]


def test_many_processes_starting_at_once_agree_on_one_key(tmp_path: Path) -> None:
    path = tmp_path / "signing.pem"
    with ThreadPoolExecutor(8) as pool:
        kids = set(pool.map(lambda _: signing.load_or_create(path).kid, range(16)))
    assert len(kids) == 1


def test_a_key_file_that_others_can_read_refuses_to_start(tmp_path: Path) -> None:
    path = tmp_path / "signing.pem"
    signing.load_or_create(path)
    path.chmod(0o640)
    with pytest.raises(signing.UnusableKeyFile, match="chmod 600"):
        signing.load_or_create(path)


@pytest.mark.parametrize("content", [b"", b"hello", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_a_file_without_a_usable_key_is_named_and_refused(content: bytes) -> None:
    with pytest.raises(signing.UnusableKeyFile):
        signing.read(content)


def test_a_token_of_the_key_before_still_verifies_after_a_rotation(tmp_path: Path) -> None:
    old, new = tmp_path / "old.pem", tmp_path / "new.pem"
    token = signing.load_or_create(old).sign({"sub": "x"})
    signing.load_or_create(new)
    rotated = signing.read(new.read_bytes() + old.read_bytes())

    assert rotated.kid == rotated.jwks["keys"][0]["kid"]
    assert len(rotated.jwks["keys"]) == 2
    published = jwt.PyJWKSet.from_dict(dict(rotated.jwks))
    kid = jwt.get_unverified_header(token)["kid"]
    assert jwt.decode(token, published[kid].key, ["ES256"])["sub"] == "x"


def test_nothing_private_is_published(tmp_path: Path) -> None:
    keys = signing.load_or_create(tmp_path / "signing.pem")
    assert set(keys.jwks["keys"][0]) == {"kty", "crv", "x", "y", "kid", "use", "alg"}


def test_tokens_say_that_they_are_access_tokens(tmp_path: Path) -> None:
    keys = signing.load_or_create(tmp_path / "signing.pem")
    header = jwt.get_unverified_header(keys.sign({"sub": "x"}))
    assert header == {"typ": "at+jwt", "alg": "ES256", "kid": keys.kid}
