"""Check a YAML document against a packaged JSON schema and say where it differs."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from mailroom.rulelang.yaml_source import Document


def load_schema(package: str, name: str) -> dict[str, Any]:
    """The schema `json_schemas/<name>.schema.json` of a package such as `mailroom.triage`, as a mapping."""
    text = files(package).joinpath("json_schemas", f"{name}.schema.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


@cache
def _validator(package: str, name: str) -> Draft202012Validator:
    return Draft202012Validator(load_schema(package, name))


def check(package: str, schema: str, document: Document) -> list[str]:
    """Problems of a document as `path:line: message`; empty when it fits.

    Args:
        package: Where the schema stands, such as `mailroom.triage`.
        schema: Name of the schema, such as `rule`.
        document: What was read.
    """
    errors = sorted(
        _validator(package, schema).iter_errors(document.data), key=lambda e: list(map(str, e.absolute_path))
    )
    return [_say(error, document) for error in errors]


def _say(error: ValidationError, document: Document) -> str:
    path = tuple(error.absolute_path)
    name = ".".join(map(str, path)) or "the document"
    if error.validator == "additionalProperties" and isinstance(error.instance, dict):
        known = error.schema.get("properties", {}) if isinstance(error.schema, dict) else {}
        extra = sorted(set(error.instance) - set(known))
        where = document.at(*path, extra[0]) if extra else document.at(*path)
        return f"{where}: {name} has the unknown field {', '.join(map(repr, extra))}; known: {', '.join(sorted(known))}"
    return f"{document.at(*path)}: {name}: {_words(error)}"


def _words(error: ValidationError) -> str:
    """The validator's sentence, without the whole value where that says nothing."""
    wanted: Any = error.validator_value
    given: Any = error.instance
    match error.validator:
        case "minItems" | "minProperties":
            return f"needs at least {wanted} entries and has {len(given)}"
        case "maxItems" | "maxProperties":
            return f"may have {wanted} entries and has {len(given)}"
        case "enum":
            known = ", ".join(value if isinstance(value, str) else json.dumps(value) for value in wanted)
            return f"{str(given)[:80]!r} is not one of {known}"
        case "anyOf" | "oneOf" if isinstance(error.schema, dict) and "description" in error.schema:
            return f"does not fit; {error.schema['description']}"
    return error.message[:300]
