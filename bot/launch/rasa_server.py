"""`python -m bot.launch.rasa_server OPTIONS`: `rasa run OPTIONS` with the management API open to who has the token.

Rasa takes the token only from its command line, which every user of the machine can read; so it is added in here.
Without `--endpoints` it gets those of the settings (DIANXIAOER_PROFILE), as every other process of the suite.
"""

import sys

from bot.launch.endpoints import runtime_endpoints
from bot.launch.rasa_token import rasa_token
from bot.launch.standing import watch_spool
from bot.observing import logs, tracing
from bot.settings import SettingsError, get_settings
from bot.upkeep.presence import join


def arguments(options: list[str], token: str) -> list[str]:
    """Rasa's own command line; the channels stay open to all, as without the API."""
    # In one word: a token may begin with a dash.
    return ["rasa", "run", *options, "--enable-api", f"--auth-token={token}"]


def main() -> None:
    """Run the server until it is told to stop."""
    try:
        settings = get_settings()
        join(settings)
        tracing.configure(settings.traces, "rasa")
    except (SettingsError, tracing.TracesMissing) as error:
        sys.exit(f"✗ {error}")
    logs.configure(settings, "rasa")

    import rasa.__main__

    from bot.runtime.lean import make_lean
    from bot.runtime.watched import watch

    make_lean()
    watch(settings)
    watch_spool(settings)
    options = sys.argv[1:]
    if "--endpoints" not in options:
        options += ["--credentials", str(settings.credentials), "--endpoints", str(runtime_endpoints(settings))]
    sys.argv = arguments(options, rasa_token(settings))
    rasa.__main__.main()


if __name__ == "__main__":
    main()
