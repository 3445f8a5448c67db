"""What a person can put right."""


class SpeechError(RuntimeError):
    """A recording cannot be heard, or the model is missing; says why in Chinese."""
