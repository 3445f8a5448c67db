"""`python -m bot.launch.rasa_server OPTIONS`: `rasa run OPTIONS` with the management API open to who has the token.

Rasa takes the token only from its command line, which every user of the machine can read; so it is added in here.
"""

import sys

from bot.launch.rasa_token import rasa_token
from bot.settings import get_settings


def arguments(options: list[str], token: str) -> list[str]:
    """Rasa's own command line; the channels stay open to all, as without the API."""
    return ["rasa", "run", *options, "--enable-api", "--auth-token", token]


def main() -> None:
    """Run the server until it is told to stop."""
    import rasa.__main__

    sys.argv = arguments(sys.argv[1:], rasa_token(get_settings()))
    rasa.__main__.main()


if __name__ == "__main__":
    main()
