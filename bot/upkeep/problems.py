"""What can go wrong, said in one Chinese line."""


class UpkeepError(Exception):
    """The upkeep cannot be done; the message is in Chinese and says what to do."""
