"""BlackRock Aladdin: the client that production runs, which is the desk's market and broker."""

from aladdin.cache import AnswerCache
from aladdin.client import Aladdin
from aladdin.config import AladdinConfig

__all__ = ["Aladdin", "AladdinConfig", "AnswerCache"]
