"""What screening refuses, each by its name. No refusal repeats an answer: a problem document is not a vault."""

from collections.abc import Sequence

from shared.errors import CaibeiError, Invalid, NotFound, Refused


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
