"""What every part of an experiment file has in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from elfworlds.spec.leaves.annotated import Reads, Text
from elfworlds.spec.leaves.forms import one_of

if TYPE_CHECKING:
    from elfworlds.yamltext import Data


class Model(BaseModel):
    """Unknown keys are errors; a key whose value is null counts as not written (so a merge can remove it)."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=lambda name: name.replace("_", "-"),
        arbitrary_types_allowed=True,
    )

    @model_validator(mode="before")
    @classmethod
    def _nothing_is_absent(cls, data: Data) -> Data:
        if not isinstance(data, dict):
            return data
        known = {field.alias for field in cls.model_fields.values()}
        return {key: value for key, value in data.items() if value is not None or key not in known}


def word(*known: str) -> Reads[str]:
    return Reads(one_of(*known), {"enum": [*known, *(int(choice) for choice in known if choice.isdigit())]})


def _without_nulls(data: Data) -> Data:
    return {key: value for key, value in data.items() if value is not None} if isinstance(data, dict) else data


REMOVABLE = BeforeValidator(_without_nulls)
Note: TypeAlias = Annotated[Text | None, Field(description="for people who read the experiment")]
