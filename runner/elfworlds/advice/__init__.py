"""May a file be loaded as a plugin? Three foretellings and the hazards, from the files alone; nothing is run."""

from elfworlds.advice.advising import Adviser, advise
from elfworlds.advice.rule import Rule
from elfworlds.advice.rules import RULES
from elfworlds.advice.types import DLMOPEN, DLOPEN, WAYS, Advice, Forecast, Hazard

__all__ = ["DLMOPEN", "DLOPEN", "RULES", "WAYS", "Advice", "Adviser", "Forecast", "Hazard", "Rule", "advise"]
