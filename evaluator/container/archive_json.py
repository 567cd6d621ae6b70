"""JSON as two parsers must agree on it: no key twice, not even in another case.

The engine's parser ignores case and takes the last of two keys; ``"User"`` beside ``"user"`` would be checked as one
and run as the other.
"""

from __future__ import annotations

import json
from typing import Any, NoReturn


class NotStrict(ValueError):
    pass


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    seen: dict[str, str] = {}
    for key, _ in pairs:
        folded = key.casefold()
        if folded in seen:
            raise NotStrict(f"the keys {seen[folded]!r} and {key!r} are equal but for case")
        seen[folded] = key
    return dict(pairs)


def _constant(text: str) -> NoReturn:
    raise NotStrict(f"{text} is not a JSON number")


def parse(text: bytes) -> Any:
    """The document; ``NotStrict`` says in a clause why it cannot be trusted."""
    try:
        return json.loads(text.decode("utf-8"), object_pairs_hook=_object, parse_constant=_constant)
    except NotStrict:
        raise
    except (ValueError, RecursionError) as error:
        raise NotStrict(f"it is not JSON ({error})") from error


def get(document: Any, key: str, default: Any = None) -> Any:
    """The value under ``key`` in any case, as the engine would find it; ``default`` where it is absent or null."""
    if not isinstance(document, dict):
        return default
    value = document.get(spelled(document, key))
    return default if value is None else value


def spelled(document: dict[str, Any], key: str) -> str:
    """The key as this document writes it; as it was asked for where it has none."""
    return next((name for name in document if name.casefold() == key.casefold()), key)
