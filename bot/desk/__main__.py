"""`python -m bot.desk`."""

import sys

from bot.desk.server import main

sys.exit(main())
