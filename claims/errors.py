"""What stops a claim; `str()` is the Chinese sentence that says what is wrong and what to do next."""


class ClaimError(Exception):
    """Anything a person must know and can act upon."""


class CannotSettle(ClaimError):
    """No version is in force on the day, or a parameter is missing."""


class NotAllowed(ClaimError):
    """The actor's role or region does not allow it."""


class ClaimRefused(ClaimError):
    """The claim itself cannot be taken; `field` is the faulty one."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field
