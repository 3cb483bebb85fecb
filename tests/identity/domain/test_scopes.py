import pytest

from services.identity.domain.errors import UnknownScope
from services.identity.domain.scopes import SCOPES, known


def test_every_scope_of_the_rules_is_known() -> None:
    assert known(SCOPES) == set(SCOPES)
    assert len(SCOPES) == 20


def test_a_scope_that_does_not_exist_is_named_in_the_refusal() -> None:
    with pytest.raises(UnknownScope) as refused:
        known(["rooms:read", "rooms:own"])
    assert "rooms:own" in refused.value.detail
