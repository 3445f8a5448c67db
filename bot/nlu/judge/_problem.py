"""The one error of this room."""


class JudgeError(ValueError):
    """A file, a model or a result is not as it should be; the message is in Chinese and says what to do."""
