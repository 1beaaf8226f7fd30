"""The one exception a use case raises when it says no."""


class AppError(Exception):
    status = 500

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Invalid(AppError):
    status = 422


class TooLarge(Invalid):
    """More was sent than is taken; a page that sends its form back treats it as any other mistake."""

    status = 413


class NotSignedIn(AppError):
    status = 401


class Forbidden(AppError):
    status = 403


class NotYet(Forbidden):
    """Something must be done first, at `path`."""

    def __init__(self, message: str, path: str) -> None:
        super().__init__(message)
        self.path = path


class NotFound(AppError):
    status = 404


class Conflict(AppError):
    status = 409


class TooMany(AppError):
    """Too many attempts; `retry_after_s` says when to come back."""

    status = 429

    def __init__(self, message: str, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Unavailable(AppError):
    """Something this needs does not answer now."""

    status = 503
