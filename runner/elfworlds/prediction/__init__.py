"""What the rules of `resolve` say of every needed name, beside what the dynamic loader did; pure."""

from elfworlds.prediction.rows import record
from elfworlds.prediction.types import DLOPEN, DT_NEEDED, LD_PRELOAD, Prediction
from elfworlds.prediction.walk import predict

__all__ = ["DLOPEN", "DT_NEEDED", "LD_PRELOAD", "Prediction", "predict", "record"]
