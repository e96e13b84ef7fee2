"""How much of the machine a trial may use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from elfworlds.spec.leaves import forms
from elfworlds.spec.leaves.annotated import Count, Seconds, Size
from elfworlds.spec.model.base import Model

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from elfworlds.refs import Template
    from elfworlds.yamltext import Data

READERS: Mapping[str, Callable[[Data], float | Template]] = {
    "memory": forms.size,
    "processes": forms.count,
    "file-size": forms.size,
    "core": forms.size,
    "cpu": forms.seconds,
}


class Limits(Model):
    """Limits of a trial; the value `limit-reached` is the name of the one that it reached."""

    memory: Annotated[
        Size | None,
        Field(description="bytes in memory of all its processes together; default: three quarters of the machine's"),
    ] = None
    processes: Annotated[
        Count | None,
        Field(description="processes and threads at a time, those of an observer included; default: 4096"),
    ] = None
    file_size: Annotated[Size | None, Field(description="bytes of each file that it writes; default: 4GiB")] = None
    core: Annotated[Size | None, Field(description="bytes of a core file; default: 0, which is none")] = None
    cpu: Annotated[Seconds | None, Field(description="seconds of processor time of each process; default: any")] = None

    def given(self) -> Iterator[tuple[str, float | Template]]:
        """The limits that the file has, by their keys."""
        for name, field in type(self).model_fields.items():
            value = getattr(self, name)
            if value is not None:
                yield field.alias or name, value
