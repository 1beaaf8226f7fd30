"""The address under which people open this server, for links that leave the page they stand on."""

from fastapi import Request

from app.settings import Settings


def public_address(request: Request, path: str = "") -> str:
    """HONEYGLASS_PUBLIC_URL where it is set, or else what the visitor's browser calls this server."""
    settings: Settings = request.app.state.settings
    return (settings.public_url or f"{request.url.scheme}://{request.url.netloc}") + path
