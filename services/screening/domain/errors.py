"""What screening refuses, each by its name. No refusal repeats an answer: a problem document is not a vault.

Invalid (422)      UnknownReference  WrongAppointment  InvalidAnswers  AdvisoryRequired
NotFound (404)     UnknownProtocol  ScreeningNotFound  ClientNotFound
Refused (409)      ProtocolSuperseded  Erased  Superseded  DeclineStands  AnswersUnsure  NotTheirTherapist
Unavailable (503)  Unreadable
(no status)        UnsoundProtocol: refuses to start
"""

from collections.abc import Sequence

from services.screening.domain.answers import Fault
from shared.errors import CaibeiError, Invalid, NotFound, Refused, Unavailable


class UnsoundProtocol(CaibeiError):
    """The protocol could leave an answer without an outcome, and is refused before anybody is asked."""

    def __init__(self, name: str, version: int, faults: Sequence[str]) -> None:
        super().__init__("unsound_protocol", f"{name} version {version}: {'; '.join(faults)}.", faults=list(faults))


class UnknownProtocol(NotFound):
    def __init__(self) -> None:
        super().__init__("protocol_not_found", "There is no such protocol or version. See GET /v1/protocols.")


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
    """A ciphertext does not open: another client's or row's, changed, or under a master key that is not in the file."""

    def __init__(self) -> None:
        super().__init__("vault_unreadable", "What is kept of this client cannot be opened now.", retry_after=60)
