"""What stops an exchange; `str()` is the Chinese sentence that says what is wrong and what to do next."""


class ExchangeError(Exception):
    """Anything a person must know and can act upon."""


class NotAllowed(ExchangeError):
    """The actor's role, region or department does not allow it."""


class ImportRefused(ExchangeError):
    """The file cannot be taken: unreadable, too big, of a department that does not send this kind."""


class ImportBlocked(ExchangeError):
    """The step is not possible now: something depends on the file, or a later file stands in the way."""


class SecondPersonNeeded(ExchangeError):
    """The file is unusual: a second person, not the one who uploaded it, must confirm."""


class RegisterMoved(ExchangeError):
    """The register changed since the preview: the file was compared anew and must be looked at again."""
