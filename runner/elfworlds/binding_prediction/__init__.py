"""For each binding of a trace: what the rules of `bindings` foretell, and whether the dynamic loader did so. Pure."""

from elfworlds.binding_prediction.space import Found
from elfworlds.binding_prediction.walk import UNKNOWN, Prediction, predict

__all__ = ["UNKNOWN", "Found", "Prediction", "predict"]
