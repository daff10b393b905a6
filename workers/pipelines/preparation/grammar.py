"""What a recipe may declare about its features and their preparation, and what holds where it says nothing."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from registry.serving.pixels import CHANNELS
from workers.ingestion import documents
from workers.pipelines.errors import RecipeInvalid
from workers.pipelines.preparation import derivations

VERSION = 1
TYPES = ("numeric", "categorical", "boolean", "date", "timestamp", "text", "image")
NUMBERS = ("numeric", "boolean", "date", "timestamp")
PIXELS_AT_MOST = 256 * 256


def _closed(properties: Mapping[str, Any], *required: str) -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": list(required),
        "properties": dict(properties),
    }


SCALAR = {"type": ["string", "number", "boolean", "null"]}
MISSING = _closed(
    {
        "strategy": {"enum": ["median", "mean", "most_frequent", "constant", "level"]},
        "value": SCALAR,
        "indicator": {"type": "boolean"},
    },
    "strategy",
)
OUTLIERS = {
    "oneOf": [
        {"type": "null"},
        _closed(
            {
                "kind": {"const": "quantiles"},
                "lower": {"type": "number", "minimum": 0, "maximum": 0.5},
                "upper": {"type": "number", "minimum": 0.5, "maximum": 1},
            },
            "kind",
            "lower",
            "upper",
        ),
        _closed({"kind": {"const": "iqr"}, "factor": {"type": "number", "exclusiveMinimum": 0}}, "kind", "factor"),
    ]
}
SCALING = {"enum": ["standard", "robust", "minmax", "none"]}
ENCODING = _closed(
    {
        "kind": {"enum": ["one_hot", "ordinal", "target"]},
        "order": {"type": "array", "minItems": 1, "maxItems": 500, "items": {"type": ["string", "number"]}},
        "smooth": {"oneOf": [{"const": "auto"}, {"type": "number", "minimum": 0}]},
        "folds": {"type": "integer", "minimum": 2, "maximum": 20},
        "unknown": {"enum": ["none", "rare"]},
    },
    "kind",
)
RARE = {
    "oneOf": [
        {"type": "null"},
        _closed({"below_rows": {"type": "integer", "minimum": 2}}, "below_rows"),
        _closed({"below_share": {"type": "number", "exclusiveMinimum": 0, "maximum": 0.5}}, "below_share"),
    ]
}
TEXT = _closed(
    {
        "max_terms": {"type": "integer", "minimum": 1, "maximum": 5000},
        "ngrams": {"enum": [1, 2]},
        "min_rows": {"type": "integer", "minimum": 1},
        "max_length": {"type": "integer", "minimum": 1, "maximum": 100_000},
    }
)
CORRECTION = {
    "oneOf": [
        _closed(
            {"column": {"type": "string"}, "values": {"type": "object", "minProperties": 1, "maxProperties": 100}},
            "column",
            "values",
        ),
        _closed(
            {
                "column": {"type": "string"},
                "below": {"type": "number"},
                "above": {"type": "number"},
                "to": {"type": ["number", "null"]},
            },
            "column",
            "to",
        ),
    ]
}
KEEP = {"type": "boolean"}
OPTIONS: dict[str, dict[str, Any]] = {
    "numeric": {"missing": MISSING, "outliers": OUTLIERS, "scaling": SCALING, "keep": KEEP},
    "categorical": {"missing": MISSING, "encoding": ENCODING, "rare": RARE},
    "boolean": {"missing": MISSING, "keep": KEEP},
    "date": {"missing": MISSING, "scaling": SCALING, "keep": KEEP},
    "timestamp": {"missing": MISSING, "scaling": SCALING, "keep": KEEP},
    "text": {"text": TEXT, "keep": KEEP},
    "image": {
        "width": {"type": "integer", "minimum": 1, "maximum": 1024},
        "height": {"type": "integer", "minimum": 1, "maximum": 1024},
        "mode": {"enum": list(CHANNELS)},
    },
}
FEATURES_SCHEMA: dict[str, Any] = {
    "type": "object",
    "minProperties": 1,
    "maxProperties": 1000,
    "additionalProperties": {
        "if": {"type": "object"},
        "then": {
            "required": ["type"],
            "properties": {"type": {"enum": list(TYPES)}},
            "allOf": [
                {
                    "if": {"required": ["type"], "properties": {"type": {"const": kind}}},
                    "then": _closed(
                        {"type": {"const": kind}, **options},
                        "type",
                        *(("width", "height", "mode") if kind == "image" else ()),
                    ),
                }
                for kind, options in OPTIONS.items()
            ],
        },
        "else": {"enum": [kind for kind in TYPES if kind != "image"]},
    },
}
SCHEMA: dict[str, Any] = _closed(
    {
        "version": {"const": VERSION},
        "missing": _closed({"numeric": MISSING, "categorical": MISSING}),
        "outliers": OUTLIERS,
        "corrections": {"type": "array", "maxItems": 500, "items": CORRECTION},
        "derived": {"type": "array", "maxItems": 500, "items": derivations.SCHEMA},
        "scaling": SCALING,
        "encoding": ENCODING,
        "rare": RARE,
        "text": TEXT,
    }
)
# What a feature gets where neither it nor the preparation says anything: exactly what version 1 of the grammar did.
DEFAULTS: dict[str, dict[str, Any]] = {
    "numeric": {"missing": {"strategy": "median"}, "outliers": None, "keep": True},
    "boolean": {"missing": {"strategy": "most_frequent"}, "keep": True},
    "date": {"missing": {"strategy": "median"}, "keep": True},
    "timestamp": {"missing": {"strategy": "median"}, "keep": True},
    "categorical": {"missing": {"strategy": "level"}, "encoding": {"kind": "one_hot"}, "rare": None},
    "text": {"text": {}, "keep": True},
    "image": {},
}
ENCODING_DEFAULTS = {"unknown": "none", "smooth": "auto", "folds": 5}
TEXT_DEFAULTS = {"max_terms": 500, "ngrams": 1, "min_rows": 2, "max_length": 10_000}


@dataclass(frozen=True)
class Plan:
    """A validated preparation. `features` and `document` are what was declared, in one form for one meaning."""

    features: Mapping[str, Any]
    document: Mapping[str, Any]

    def kind(self, name: str) -> str:
        """One of TYPES."""
        declared = self.features[name]
        return str(declared if isinstance(declared, str) else declared["type"])

    def options(self, name: str) -> dict[str, Any]:
        """What holds for the feature: its own word before the preparation's, and that before the default."""
        kind = self.kind(name)
        own = self.features[name] if isinstance(self.features[name], Mapping) else {}
        everywhere = {key: self.document[key] for key in OPTIONS[kind] if key in self.document and key != "missing"}
        if kind in ("numeric", "categorical") and kind in self.document.get("missing", {}):
            everywhere["missing"] = self.document["missing"][kind]
        held = {**DEFAULTS[kind], **everywhere, **own}
        if kind == "categorical":
            held["encoding"] = ENCODING_DEFAULTS | held["encoding"]
        if kind == "text":
            held["text"] = TEXT_DEFAULTS | held["text"]
        return held


def plan(features: Mapping[str, Any], document: Mapping[str, Any]) -> Plan:
    """The plan of a recipe's `features` and `preparation`; raises RecipeInvalid naming the path and the remedy."""
    _refuse("$.features", FEATURES_SCHEMA, features)
    _refuse("$.preparation", SCHEMA, document)
    plain = {name: _plain(declared) for name, declared in sorted(features.items())}
    made = Plan(plain, {"version": VERSION, **document} if document else {})
    for path, complaint, remedy in _contradictions(made):
        raise RecipeInvalid(f"{path}: {complaint}", remedy)
    return made


def _refuse(at: str, schema: Mapping[str, Any], document: object) -> None:
    broken = documents.problem(schema, document)
    if broken:
        raise RecipeInvalid(broken.detail.replace("$", at, 1), broken.remedy)


def _plain(declared: str | Mapping[str, Any]) -> str | dict[str, Any]:
    if isinstance(declared, str) or len(declared) == 1:
        return declared if isinstance(declared, str) else str(declared["type"])
    return dict(declared)


def _contradictions(made: Plan) -> Iterator[tuple[str, str, str]]:
    for name in made.features:
        options, kind = made.options(name), made.kind(name)
        strategy = options.get("missing", {}).get("strategy")
        if strategy == "constant" and options["missing"].get("value") is None:
            yield f"$.features.{name}.missing", "a constant needs its value.", "Add `value`."
        if kind in NUMBERS and strategy == "level":
            yield f"$.features.{name}.missing", "only a category has levels.", "Use median, mean or constant."
        if kind == "categorical" and strategy in ("median", "mean"):
            yield f"$.features.{name}.missing", "a category has no mean.", "Use level, most_frequent or constant."
        if kind == "image" and options["width"] * options["height"] * CHANNELS[options["mode"]] > PIXELS_AT_MOST:
            yield f"$.features.{name}", f"the image has more than {PIXELS_AT_MOST} values.", "Declare a smaller one."
    for number, correction in enumerate(made.document.get("corrections", [])):
        yield from _correction_problems(made, f"$.preparation.corrections[{number}]", correction)
    for number, derived in enumerate(made.document.get("derived", [])):
        for complaint, remedy in derivations.problems(derived, {name: made.kind(name) for name in made.features}):
            yield f"$.preparation.derived[{number}]", complaint, remedy


def _correction_problems(made: Plan, at: str, correction: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    name = correction["column"]
    if name not in made.features:
        yield at, f"{name!r} is no feature.", "Correct a feature."
    elif made.kind(name) not in ("numeric", "categorical", "boolean"):
        yield at, f"{name!r} is a {made.kind(name)}.", "Correct numbers, categories and booleans."
    elif "values" not in correction and not {"below", "above"} & set(correction):
        yield at, "a range needs an end.", "Add `below`, `above` or both."
