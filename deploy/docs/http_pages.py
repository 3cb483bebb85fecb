"""`http.md`: every route of every service on one page, with the scope its token needs."""

from typing import Any

from deploy.docs.text import GENERATED, first_sentence, table

_HEAD = ("Route", "What it does", "Scope")


def page(documents: dict[str, dict[str, Any]]) -> str:
    """A table for each service. The routes all have in common are listed once, at the end."""
    common = set.intersection(*(set(d["paths"]) for d in documents.values() if "/v1/ops/outbox" in d["paths"]))
    lines = [
        "# HTTP",
        "",
        GENERATED,
        "",
        "Bodies, answers and parameters: the OpenAPI documents beside this page, and `/docs` of a running service.",
        "Errors are `application/problem+json` (RFC 9457); switch on `code`.",
    ]
    for name, document in documents.items():
        rows = [row for path in document["paths"] if path not in common for row in _rows(document, path)]
        lines += ["", f"## {name}", "", document["info"].get("description", ""), "", f"[OpenAPI](openapi/{name}.json)"]
        if rows:
            lines += ["", *table(_HEAD, rows)]
    shared = next(d for d in documents.values() if common <= set(d["paths"]))
    lines += ["", "## Every service with a database", ""]
    lines += table(_HEAD, [row for path in shared["paths"] if path in common for row in _rows(shared, path)])
    return "\n".join(lines) + "\n"


def _rows(document: dict[str, Any], path: str) -> list[list[str]]:
    return [
        [
            f"`{method.upper()} {path}`",
            first_sentence(operation.get("description") or operation.get("summary")),
            ", ".join(f"`{scope}`" for scope in operation.get("x-scopes", ())) or "none",
        ]
        for method, operation in document["paths"][path].items()
    ]
