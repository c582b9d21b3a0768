"""BlackRock Aladdin: the client that production runs, which is the desk's market and broker."""

from aladdin.client import Aladdin
from aladdin.config import AladdinConfig
from aladdin.reading.cache import AnswerCache

__all__ = ["Aladdin", "AladdinConfig", "AnswerCache"]
