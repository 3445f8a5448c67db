"""The token of the Rasa server's management API."""

import os
import secrets

from bot.settings import Settings


def rasa_token(settings: Settings) -> str:
    """The token in `var/rasa.token`, made at the first call and readable only by the user who runs the suite.

    Raises:
        OSError: the file cannot be written or read.
    """
    path = settings.var / "rasa.token"
    if not path.is_file() or not path.read_text(encoding="ascii").strip():
        scratch = path.with_suffix(f".{os.getpid()}")
        with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(32))
        try:
            os.link(scratch, path)  # of several servers that start at once the first one's token is everybody's
        except FileExistsError:
            if not path.read_text(encoding="ascii").strip():
                scratch.replace(path)
        scratch.unlink(missing_ok=True)
    return path.read_text(encoding="ascii").strip()
