"""`rasa train`, without its remark on every text of domain.yml that an action says: `bot check` finds those unsaid."""

from rasa.__main__ import main
from rasa.utils import common

common.EXPECTED_WARNINGS.append((UserWarning, "The utterance '.*' is not used in any story or rule"))

if __name__ == "__main__":
    main()
