"""What changed from one contract to another, breaking first."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from harness.contract.fields import Field
from harness.contract.loader import Contract
from harness.contract.resource import Operation, Resource


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. `breaking`: an integration that was right before may be wrong now. `field` is None for changes of
    a whole operation; `side` is read or write."""

    breaking: bool
    resource: str
    operation: str | None
    field: str | None
    side: str
    about: str

    @property
    def place(self) -> str:
        """Where it is, for a person."""
        return ".".join(part for part in (self.resource, self.field) if part) + (
            f" ({self.operation})" if self.operation else ""
        )


def drift(before: Contract, after: Contract) -> list[Change]:
    """Every change between two contracts; breaking ones first, then by place."""
    found = list(_resources(before, after))
    return sorted(found, key=lambda change: (not change.breaking, change.place, change.about))


def _resources(before: Contract, after: Contract) -> Iterator[Change]:
    for name in dict.fromkeys((*before.resources, *after.resources)):
        old, new = before.resources.get(name), after.resources.get(name)
        if old is None or new is None:
            yield Change(new is None, name, None, None, "read", "the resource is gone" if new is None else "is new")
            continue
        yield from _operations(old, new)
        yield from _keys(old, new)
        yield from _read(name, old.fields, new.fields)
        for operation, old_fields, new_fields in (("create", old.create_fields, new.create_fields),
                                                  ("update", old.update_fields, new.update_fields)):  # fmt: skip
            if old.has(operation) and new.has(operation):
                yield from _write(name, operation, old_fields, new_fields)


def _operations(old: Resource, new: Resource) -> Iterator[Change]:
    for name in dict.fromkeys((*old.operations, *new.operations)):
        was, now = old.operations.get(name), new.operations.get(name)
        if was is None or now is None:
            about = "the operation is gone" if now is None else "the operation is new"
            yield Change(now is None, old.name, name, None, "read", about)
            continue
        if (was.method, was.path) != (now.method, now.path):
            yield Change(True, old.name, name, None, "read", f"{was.method} {was.path} is now {now.method} {now.path}")
        yield from _parameters(old.name, was, now)


def _parameters(resource: str, was: Operation, now: Operation) -> Iterator[Change]:
    for name in dict.fromkeys((*was.parameters, *now.parameters)):
        old, new = was.parameters.get(name), now.parameters.get(name)
        if new is None:
            yield Change(True, resource, was.name, None, "read", f"the parameter {name} is gone")
        elif old is None:
            told = "is new and required" if new.required else "is new"
            yield Change(new.required, resource, was.name, None, "read", f"the parameter {name} {told}")
        elif new.required and not old.required:
            yield Change(True, resource, was.name, None, "read", f"the parameter {name} is now required")


def _keys(old: Resource, new: Resource) -> Iterator[Change]:
    for side, name in (("read", "list_key"), ("read", "item_key"), ("write", "create_key"), ("write", "update_key")):
        was, now = getattr(old, name), getattr(new, name)
        if was != now and was is not None:
            yield Change(True, old.name, None, None, side, f"the wrapper {was} is now {now or 'none'}")


def _read(resource: str, old: Mapping[str, Field], new: Mapping[str, Field]) -> Iterator[Change]:
    """Fields of returned objects: what was there may be missed, what is new may surprise only strict readers."""
    for path in dict.fromkeys((*old, *new)):
        was, now = old.get(path), new.get(path)
        if now is None:
            yield Change(True, resource, None, path, "read", "the field is gone")
        elif was is None:
            yield Change(False, resource, None, path, "read", "the field is new")
        else:
            yield from _types(resource, None, path, was, now, "read")
            if now.nullable and not was.nullable:
                yield Change(True, resource, None, path, "read", "may now be null")
            if was.required and not now.required:
                yield Change(True, resource, None, path, "read", "may now be absent")
            fresh = set(now.enum or ()) - set(was.enum or ())
            if was.enum and fresh:
                yield Change(False, resource, None, path, "read", f"new values: {', '.join(sorted(map(str, fresh)))}")


def _write(resource: str, operation: str, old: Mapping[str, Field], new: Mapping[str, Field]) -> Iterator[Change]:
    """Inputs: what was taken may be refused."""
    for path in dict.fromkeys((*old, *new)):
        was, now = old.get(path), new.get(path)
        if now is None:
            yield Change(True, resource, operation, path, "write", "the input is gone")
        elif was is None:
            told = "is new and required" if now.required_chain else "is new"
            yield Change(now.required_chain, resource, operation, path, "write", f"the input {told}")
        else:
            yield from _types(resource, operation, path, was, now, "write")
            if now.required and not was.required:
                yield Change(True, resource, operation, path, "write", "is now required")
            if was.nullable and not now.nullable:
                yield Change(True, resource, operation, path, "write", "may no longer be null")
            lost = set(was.enum or ()) - set(now.enum or ()) if now.enum else set()
            if lost:
                told = f"no longer takes {', '.join(sorted(map(str, lost)))}"
                yield Change(True, resource, operation, path, "write", told)


def _types(resource: str, operation: str | None, path: str, was: Field, now: Field, side: str) -> Iterator[Change]:
    if was.types != now.types:
        told = f"{'|'.join(sorted(was.types)) or 'any'} is now {'|'.join(sorted(now.types)) or 'any'}"
        yield Change(True, resource, operation, path, side, told)
    elif was.format != now.format:
        yield Change(
            True, resource, operation, path, side, f"format {was.format or 'none'} is now {now.format or 'none'}"
        )
