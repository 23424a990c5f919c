"""The one error that ends a training run on purpose."""

from __future__ import annotations


class TrainingError(Exception):
    """A run that cannot go on, with the reason and what to do about it."""

    def __init__(self, reason: str, remedy: str) -> None:
        """Keeps both sentences; neither ends in a full stop."""
        super().__init__(f"{reason}; {remedy}")
        self.reason = reason
        self.remedy = remedy
