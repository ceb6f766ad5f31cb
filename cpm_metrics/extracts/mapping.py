"""What the user has told us once: which header is which field, and what a coded value means. JSON in and out."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field

from ..errors import LoadRefused
from .codes import LEGAL_CODES
from .datasets import DATASETS, Field
from .folding import fold, squash

IGNORE = "ignore"


@dataclass
class HeaderMapping:
    """For tables with exactly these headers (in any order): the dataset, and field name per header.

    `dataset` "ignore" leaves such tables out of every load. A header that is not in `columns` is matched as usual; one
    with None is kept out.
    """

    headers: tuple[str, ...]
    dataset: str
    columns: dict[str, str | None] = field(default_factory=dict)


@dataclass
class ValueMapping:
    dataset: str
    field: str
    value: str
    code: str


def answers(f: Field) -> tuple[str, ...]:
    """What a value of this field can be said to mean; nothing where its values aren't coded."""
    return ("yes", "no") if f.kind == "yes_no" else LEGAL_CODES if f.name == "legal_status" else f.codes


def signature(headers: Iterable[str]) -> tuple[str, ...]:
    """What makes two sets of headers the same: the folded non-blank headers, in alphabetical order."""
    return tuple(sorted(s for s in (squash(h) for h in headers) if s))


class MappingBook:
    """Remembered header and value mappings. Later answers replace earlier ones for the same headers or value."""

    def __init__(self) -> None:
        self._headers: dict[tuple[str, ...], HeaderMapping] = {}
        self._values: dict[tuple[str, str, str], ValueMapping] = {}

    def remember_headers(
        self, headers: Iterable[str], dataset: str, columns: dict[str, str | None] | None = None
    ) -> HeaderMapping:
        """`columns`: header as written -> field name, or None to keep the column out. `dataset` "ignore": leave the table out."""
        headers = tuple(str(h) for h in headers)
        columns = dict(columns or {})
        if dataset != IGNORE:
            if dataset not in DATASETS:
                raise LoadRefused(
                    f"The mapping names a dataset '{dataset}' that does not exist.",
                    f"Use one of: {', '.join(DATASETS)}, {IGNORE}.",
                )
            known = {f.name for f in DATASETS[dataset].fields}
            wrong = sorted({f for f in columns.values() if f and f not in known})
            if wrong:
                raise LoadRefused(
                    f"The mapping for {DATASETS[dataset].title} names a field '{wrong[0]}' that does not exist.",
                    f"Use one of: {', '.join(sorted(known))}.",
                )
        entry = HeaderMapping(headers, dataset, columns)
        self._headers[signature(headers)] = entry
        return entry

    def for_headers(self, headers: Iterable[str]) -> HeaderMapping | None:
        return self._headers.get(signature(headers))

    def forget_headers(self, headers: Iterable[str]) -> None:
        self._headers.pop(signature(headers), None)

    def remember_value(self, dataset: str, field: str, value: str, code: str) -> ValueMapping:
        """`code` "" means: read this value as blank."""
        if dataset not in DATASETS or field not in {f.name for f in DATASETS[dataset].fields if answers(f)}:
            raise LoadRefused(
                f"The mapping names a coded field '{dataset}.{field}' that does not exist.",
                "Use the field names of the template.",
            )
        codes = answers(DATASETS[dataset].field(field))
        if code and code not in codes:
            raise LoadRefused(
                f"'{code}' is not a value of {DATASETS[dataset].field(field).header}.",
                f"Use one of: {', '.join(codes)}.",
            )
        entry = ValueMapping(dataset, field, str(value), code)
        self._values[dataset, field, fold(value)] = entry
        return entry

    def forget_value(self, dataset: str, field: str, value: str) -> None:
        self._values.pop((dataset, field, fold(value)), None)

    def codes_for(self, dataset: str, field: str) -> dict[str, str]:
        """Folded value -> code, for one coded field."""
        return {folded: m.code for (d, f, folded), m in self._values.items() if (d, f) == (dataset, field)}

    @property
    def header_mappings(self) -> list[HeaderMapping]:
        return list(self._headers.values())

    @property
    def value_mappings(self) -> list[ValueMapping]:
        return list(self._values.values())

    def to_json(self) -> str:
        return json.dumps(
            {
                "version": 1,
                "headers": [
                    {"headers": list(m.headers), "dataset": m.dataset, "columns": m.columns}
                    for _, m in sorted(self._headers.items())
                ],
                "values": [
                    {"dataset": m.dataset, "field": m.field, "value": m.value, "code": m.code}
                    for _, m in sorted(self._values.items())
                ],
            },
            indent=1,
            ensure_ascii=False,
        )

    @classmethod
    def from_json(cls, text: str) -> MappingBook:
        """Raises LoadRefused when the text is not a mapping file of ours, saying where."""
        book = cls()
        try:
            data = json.loads(text)
            if not isinstance(data, dict) or data.get("version") != 1:
                raise ValueError("no version 1")
            for h in data.get("headers", []):
                book.remember_headers(list(map(str, h["headers"])), h["dataset"], h.get("columns") or {})
            for v in data.get("values", []):
                book.remember_value(v["dataset"], v["field"], v["value"], v["code"])
        except (ValueError, KeyError, TypeError, AttributeError) as problem:
            raise LoadRefused(
                "The mapping file is not one that this product wrote.",
                "Use a file from the mapping screen or `load --mapping`.",
            ) from problem
        return book
