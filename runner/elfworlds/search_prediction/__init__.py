"""What the rules of `resolve` say of every needed name, beside what the dynamic loader did; pure."""

from elfworlds.search_prediction.types import DLOPEN, DT_NEEDED, LD_PRELOAD, Prediction
from elfworlds.search_prediction.walk import predict

__all__ = ["DLOPEN", "DT_NEEDED", "LD_PRELOAD", "Prediction", "predict"]
