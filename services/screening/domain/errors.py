"""What screening refuses, each by its name. No refusal repeats an answer: a problem document is not a vault.

Invalid (422)      UnknownReference  WrongAppointment  InvalidAnswers  AdvisoryRequired  UnsoundDraft
NotFound (404)     UnknownProtocol  UnknownActivation  ScreeningNotFound  ClientNotFound  MasterKeyNotFound
                   InvitationNotFound
Refused (409)      ProtocolSuperseded  Erased  Superseded  DeclineStands  AnswersUnsure  NotTheirTherapist
                   ProtocolExists  WrongState  ReviewerIsAuthor  Untranslated  MilderThanDefault
                   InvitationOver  MasterKeyActive  MasterKeyInUse  MasterKeysKeptElsewhere
Unavailable (503)  Unreadable
(no status)        UnsoundProtocol: refuses to start
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from services.screening.domain.answers import Fault
from shared.errors import CaibeiError, Invalid, NotFound, Refused, Unavailable

if TYPE_CHECKING:
    from services.screening.domain.floor import Milder
    from services.screening.domain.soundness import Flaw


class UnsoundProtocol(CaibeiError):
    """The protocol could leave an answer without an outcome, and is refused before anybody is asked."""

    def __init__(self, name: str, version: int, flaws: "Sequence[Flaw]") -> None:
        found = "; ".join(flaw.detail for flaw in flaws)
        super().__init__("unsound_protocol", f"{name} version {version}: {found}.")
        self.flaws = list(flaws)


class UnknownProtocol(NotFound):
    def __init__(self) -> None:
        super().__init__("protocol_not_found", "There is no such protocol or version. See GET /v1/protocols.")


class UnknownActivation(NotFound):
    def __init__(self) -> None:
        super().__init__("activation_not_found", "There is no such activation.")


class UnsoundDraft(Invalid):
    """A protocol that could leave an answer without an outcome is not even kept as a draft."""

    def __init__(self, flaws: "Sequence[Flaw]") -> None:
        super().__init__(
            "unsound_protocol",
            f"{len(flaws)} things keep this protocol from being asked; errors names each.",
            errors=[flaw._asdict() for flaw in flaws],
        )


class Untranslated(Refused):
    """Nobody is asked what they cannot read."""

    def __init__(self, flaws: "Sequence[Flaw]") -> None:
        super().__init__(
            "translation_missing",
            f"{len(flaws)} texts are not there in every language; errors names each. Store a new version with them.",
            errors=[flaw._asdict() for flaw in flaws],
        )


class MilderThanDefault(Refused):
    """What the default declines, no chain's copy lets through (domain/floor.py)."""

    def __init__(self, milder: "Sequence[Milder]") -> None:
        reasons = ", ".join(each.reason for each in milder)
        super().__init__(
            "milder_than_default",
            f"The default declines what this version lets through: {reasons}. Restore these declines in a new version.",
            milder=[each._asdict() for each in milder],
        )


class ProtocolExists(Refused):
    def __init__(self) -> None:
        super().__init__(
            "protocol_exists", "There is a protocol of this name. Store a version: POST /v1/protocols/{name}/versions."
        )


class WrongState(Refused):
    def __init__(self, verb: str, state: str) -> None:
        super().__init__("wrong_state", f"A version that is {state} cannot be {verb}.", state=state)


class ReviewerIsAuthor(Refused):
    def __init__(self) -> None:
        super().__init__(
            "reviewer_is_author", "Another person than its author and whoever submitted it reviews a version."
        )


class ProtocolSuperseded(Refused):
    def __init__(self, current: int) -> None:
        super().__init__(
            "protocol_superseded",
            f"These questions were replaced by version {current}. Read the protocol again and ask its questions.",
            current_version=current,
        )


class UnknownReference(Invalid):
    """The body names something that is not known here, also after waiting for the event that tells of it."""

    def __init__(self, what: str, field: str) -> None:
        super().__init__(f"unknown_{what}", f"There is no such {what.replace('_', ' ')}.", pointer=f"/{field}")


class WrongAppointment(Invalid):
    """The appointment is another client's, or one that needs no screening."""

    def __init__(self, detail: str) -> None:
        super().__init__("appointment_mismatch", detail, pointer="/appointment_id")


class InvalidAnswers(Invalid):
    """Names each question whose answer cannot be taken; an unknown name may be anything, so it is not repeated."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        errors = [
            {
                "pointer": "/answers" if fault.code == "unknown_question" else f"/answers/{fault.question_id}",
                "code": fault.code,
                "detail": fault.detail,
            }
            for fault in faults
        ]
        super().__init__(
            "invalid_answers",
            f"{len(faults)} of the answers cannot be taken; errors names each.",
            pointer="/answers",
            errors=errors,
        )


class AdvisoryRequired(Invalid):
    def __init__(self) -> None:
        super().__init__(
            "advisory_required",
            "Show the advisory, and send the answers once the client has acknowledged it.",
            pointer="/advisory_acknowledged",
        )


class ScreeningNotFound(NotFound):
    def __init__(self) -> None:
        super().__init__("screening_not_found", "There is no such screening.")


class ClientNotFound(NotFound):
    def __init__(self) -> None:
        super().__init__("client_not_found", "There is no such client.")


class InvitationNotFound(NotFound):
    def __init__(self) -> None:
        super().__init__("invitation_not_found", "There is no such invitation.")


class InvitationOver(Refused):
    """Used, ended or revoked: it cannot be taken back, and its link opens nothing."""

    def __init__(self, state: str) -> None:
        super().__init__("invitation_over", f"This invitation is {state}. Invite the client again.", state=state)


class Erased(Refused):
    def __init__(self) -> None:
        super().__init__("answers_erased", "This screening's answers were erased. Ask the questions again.")


class Superseded(Refused):
    def __init__(self) -> None:
        super().__init__("screening_superseded", "The client was screened again since. Use the latest screening.")


class DeclineStands(Refused):
    """A letter does not turn a decline into a yes; only a new protocol version does (rules: Screening)."""

    def __init__(self) -> None:
        super().__init__("screening_declined", "A letter cannot change a decline. Offer another treatment.")


class AnswersUnsure(Refused):
    def __init__(self) -> None:
        super().__init__("screening_required", "Some answers are open. Ask the questions again before a letter counts.")


class NotTheirTherapist(Refused):
    def __init__(self) -> None:
        super().__init__(
            "therapist_mismatch",
            "Limits are acknowledged by the therapist of that appointment, for its own client and protocol.",
        )


class Unreadable(Unavailable):
    """A ciphertext does not open: another client's or row's, changed, or under a key or share that is not there."""

    def __init__(self) -> None:
        super().__init__("vault_unreadable", "What is kept of this client cannot be opened now.", retry_after=60)


class MasterKeyNotFound(NotFound):
    def __init__(self) -> None:
        super().__init__("master_key_not_found", "There is no such master key. See GET /v1/master-keys.")


class MasterKeyActive(Refused):
    def __init__(self) -> None:
        super().__init__("master_key_active", "This master key wraps new keys. Rotate first.")


class MasterKeyInUse(Refused):
    """Without it clients' answers, or the answers to repeated POSTs, could never be read again."""

    def __init__(self, client_keys: int, records: int) -> None:
        super().__init__(
            "master_key_in_use",
            "Something is still under this master key. Wait for the rewrap, and 24 hours for idempotency records.",
            client_keys=client_keys,
            records=records,
        )


class MasterKeysKeptElsewhere(Refused):
    def __init__(self) -> None:
        super().__init__(
            "master_keys_kept_elsewhere",
            "The master keys are not kept where this service may write. Change them where they are, newest first.",
        )
