"""What a data folder keeps: secrets made once, readable by their owner only, and one supervisor at a time."""

import json
import os
import stat
from pathlib import Path

import pytest

from deploy.embedded.environment import Addresses, environment
from deploy.embedded.installation import SCOPES, AlreadyRunning, Installation, lock
from deploy.runtime import SERVICES


def test_secrets_are_made_once_and_differ_between_installations(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    first, other = Installation.open(tmp_path / "a"), Installation.open(tmp_path / "b")
    assert Installation.open(tmp_path / "a") == first
    assert not {first.postgres_password, *first.roles.values()} & {other.postgres_password, *other.roles.values()}


def test_files_with_secrets_are_private(tmp_path: Path) -> None:
    installation = Installation.open(tmp_path)
    for file in (tmp_path / "installation.json", installation.write_identity_bootstrap()):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_folder_of_an_older_release_gets_the_clients_it_lacks_and_keeps_the_rest(tmp_path: Path) -> None:
    before = Installation.open(tmp_path)
    del before.api_clients["auditor"]
    before.save()
    after = Installation.open(tmp_path)
    assert after.api_clients["admin"] == before.api_clients["admin"]
    assert "auditor" in after.api_clients


def test_a_second_supervisor_is_refused_with_the_pid_of_the_first(tmp_path: Path) -> None:
    held = lock(tmp_path)
    with pytest.raises(AlreadyRunning, match=rf"process {os.getpid()}"):
        lock(tmp_path)
    held.close()
    lock(tmp_path).close()


def test_a_service_gets_its_own_secrets_and_no_others(tmp_path: Path) -> None:
    installation = Installation.open(tmp_path)
    addresses = Addresses(
        "postgresql://postgres:superuser-secret@127.0.0.1:1/postgres",
        "127.0.0.1:2",
        dict.fromkeys((*SERVICES, "smtp"), 3),
    )
    secrets = {f"role {role}": secret for role, secret in installation.roles.items()}
    secrets |= {f"client {name}": found["client_secret"] for name, found in installation.api_clients.items()}
    secrets |= {f"links of {service}": key for service, key in installation.link_keys.items()}
    for service in SERVICES:
        given = json.dumps(environment(installation, addresses, service))
        assert "superuser-secret" not in given
        seen = {name for name, secret in secrets.items() if secret in given}
        assert all(service in name for name in seen), (service, seen)


def test_the_auditor_reads_everything_but_answers_and_changes_nothing() -> None:
    assert all(scope.endswith(":read") for scope in SCOPES["auditor"])


def test_services_may_read_from_each_other_only_what_the_start_gate_and_the_sender_need() -> None:
    assert SCOPES["room_equipment"] == ["scheduling:read", "screening:read"]
    # The bar or accessory a warning is about, as it is when the mail goes out.
    assert SCOPES["notification"] == ["scheduling:read", "scheduling:links", "rooms:read", "screening:links"]
