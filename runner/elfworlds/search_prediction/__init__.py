"""For each needed name: what the rules of `resolve` predict, and what the dynamic loader did. Pure."""

from elfworlds.search_prediction.types import DLOPEN, DT_NEEDED, LD_PRELOAD, Prediction
from elfworlds.search_prediction.walk import predict

__all__ = ["DLOPEN", "DT_NEEDED", "LD_PRELOAD", "Prediction", "predict"]
