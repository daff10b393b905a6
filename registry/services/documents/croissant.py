"""A dataset version as Croissant 1.0 with the RAI vocabulary (MLCommons), for tools that load data by description."""

from typing import Any
from urllib.parse import quote

from registry.models import CardText, DatasetVersion
from registry.services.documents import cards, statements

MEDIA_TYPE = "application/ld+json"
FILE, ROWS = "rows.parquet", "rows"
CONFORMS_TO = ["http://mlcommons.org/croissant/1.0", "http://mlcommons.org/croissant/RAI/1.0"]
#: The context of the specification, word for word: a reader compares it.
CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
_TYPES = {
    "integer": "sc:Integer",
    "number": "sc:Float",
    "decimal": "sc:Float",
    "boolean": "sc:Boolean",
    "date": "sc:Date",
    "timestamp": "sc:DateTime",
}
_TEXTS = {
    "collection": "rai:dataCollection",
    "labelling": "rai:dataAnnotationProtocol",
    "recommended_uses": "rai:dataUseCases",
    "maintenance": "rai:dataReleaseMaintenancePlan",
}


def document(version: DatasetVersion) -> dict[str, Any]:
    """The description; its one file lies beside it as `rows.parquet` and is known by its SHA-256."""
    dataset, texts = version.dataset, cards.newest(version)
    return {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "@id": f"urn:uuid:{version.pk}",
        "conformsTo": CONFORMS_TO,
        "name": dataset.name,
        "description": _description(version, texts),
        "version": f"{version.number}.0.0",
        "datePublished": version.created_at.date().isoformat(),
        "license": dataset.licence,
        "url": statements.server(),
        "citeAs": f"{version}, {statements.server()}, SHA-256 {version.digest}",
        "creator": {"@type": "sc:Organization", "name": version.dataset.system.name, "url": statements.server()},
        "distribution": [_file(version)],
        "recordSet": [_rows(version)],
        **{term: texts[section].text for section, term in _TEXTS.items() if section in texts},
        **({"rai:personalSensitiveInformation": dataset.sensitive_columns} if dataset.sensitive_columns else {}),
    }


def _description(version: DatasetVersion, texts: dict[str, CardText]) -> str:
    said = [version.dataset.description, texts["motivation"].text if "motivation" in texts else ""]
    return "\n\n".join(one for one in said if one) or f"{version.dataset.name}, for {version.dataset.system.name}."


def _file(version: DatasetVersion) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": FILE,
        "name": FILE,
        "contentUrl": FILE,
        "contentSize": f"{version.artifact.size_bytes} B",
        "encodingFormat": "application/x-parquet",
        "sha256": version.digest,
    }


def _rows(version: DatasetVersion) -> dict[str, Any]:
    fields = [_field(entry) for entry in version.schema]
    return {"@type": "cr:RecordSet", "@id": ROWS, "name": ROWS, "field": fields}


def _field(entry: dict[str, Any]) -> dict[str, Any]:
    name = entry["name"]
    kind = str(entry.get("type") or entry.get("kind"))
    return {
        "@type": "cr:Field",
        "@id": f"{ROWS}/{quote(name, safe='')}",
        "name": name,
        "dataType": _TYPES.get(kind, "sc:Text"),
        "source": {"fileObject": {"@id": FILE}, "extract": {"column": name}},
    }
