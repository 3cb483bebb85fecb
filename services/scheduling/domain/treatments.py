"""What a treatment must say of itself."""

from collections.abc import Sequence

from shared.errors import Invalid

BAR = "balancing_bar"


def check_screened(equipment: Sequence[str], protocol: str | None) -> None:
    """Nobody is stepped on unasked.

    Raises:
        Invalid: a treatment on bars without a screening protocol.
    """
    if BAR in equipment and protocol is None:
        raise Invalid(
            "screening_protocol_required",
            "A treatment on bars needs the screening protocol its clients are asked by.",
            pointer="/screening_protocol",
        )
