"""What a person can put right; messages in Chinese."""


class MarkedError(ValueError):
    """A line of a file of marked conversations is wrong; says which and why."""


class AppealError(ValueError):
    """An appeal cannot be made or decided; says why."""


class CallsError(ValueError):
    """A list of calls is wrong; says where and why."""
