"""What lies in a trial's directory before it begins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, TypeAlias

from pydantic import Field
from pydantic_core import CoreSchema, core_schema

from elfworlds.spec.leaves import layout
from elfworlds.spec.leaves.annotated import Flag, Naming, Reads, Templated, When
from elfworlds.spec.leaves.layout import FilePath
from elfworlds.spec.model.base import REMOVABLE, Model

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler

    from elfworlds.jsondata import Json

KINDS = ("object", "text", "link", "directory")


class LaidOutFile(Model):
    """What lies at a path of the trial's directory. `path: ${object}` is short for `path: {object: object}`."""

    object: Annotated[Templated | None, Naming.OBJECTS, Field(description="a copy of this object's file")] = None
    text: Annotated[Templated | None, Field(description="a file that holds this text")] = None
    link: Annotated[
        Templated | None,
        Field(description="a symbolic link that holds this path; a relative one starts from the link's directory"),
    ] = None
    directory: Annotated[Flag, Field(description="`true`: an empty directory")] = False
    mode: Annotated[
        int | None,
        Reads(layout.mode, layout.MODE_SCHEMA),
        Field(description="octal digits; default: 0755 for objects and directories, 0644 for texts"),
    ] = None
    owner: Annotated[
        int | None,
        Reads(layout.owner, layout.OWNER_SCHEMA),
        Field(description="beside a set-user-ID or set-group-ID `mode`: the number of the file's user and group"),
    ] = None
    when: Annotated[When, REMOVABLE, Field(description="the points at which it is there")] = {}

    @property
    def kinds(self) -> tuple[str, ...]:
        """Of the keys that say what it is, those that it has."""
        return tuple(key for key in KINDS if getattr(self, key) not in (None, False))

    @property
    def set_id(self) -> bool:
        return bool((self.mode or 0) & layout.SET_ID)


@dataclass(frozen=True, slots=True)
class _OrReference:
    """A pydantic annotation: a file, or `${object}` for a copy of one; the JSON Schema has both."""

    def __get_pydantic_core_schema__(self, source: type, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(layout.entry, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Json]:
        return {"anyOf": [{"type": "string", "pattern": r"\$\{"}, handler(schema)]}


Path: TypeAlias = Annotated[FilePath, Reads(layout.file_path, {"type": "string"})]
Files: TypeAlias = dict[Path, Annotated[LaidOutFile, _OrReference()]]
