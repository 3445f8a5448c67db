"""The one error of this room."""


class FinetuneError(RuntimeError):
    """Fine-tuning cannot begin or go on; the message is in Chinese and says what to do."""
