"""A step of a saved sequence."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Step(BaseModel):
    """One thing that somebody does to the books. `object` chooses among the objects that the sequence made so far, in
    their order, and starts again at their end; `field` is the field that is changed or filtered. `replay` sends the
    create of the object again under its key; `together` is two creates at once; `pay` and `unpay` make and delete a
    payment of the object."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    do: Literal["create", "update", "delete", "replay", "list", "filter", "pay", "unpay", "together"]
    object: int = Field(default=0, ge=0)
    field: str = ""

    def __str__(self) -> str:
        if self.do in {"create", "list", "together"}:
            return self.do
        return f"{self.do} {self.object}{'.' if self.field else ''}{self.field}"
