# SPDX-License-Identifier: GPL-3.0-or-later
"""Write docs/reference/ from the documentation of plugins and roles and the contracts.

`python tests/reference.py --check` fails when a page is not what the sources say.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import typing as t
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "build/collections"))
TARGET = ROOT / "docs/reference"
COLLECTION = "clusterwright.proxmox"
MARKUP = re.compile(r"\b([BCIOPVMLUREH])\(((?:[^()\\]|\\.)*)\)")

Data = dict[str, t.Any]


def text(value: t.Any) -> str:
    """Return a description as Markdown; lists become one paragraph."""
    joined = " ".join(value) if isinstance(value, list) else str(value or "")
    plain = MARKUP.sub(_markup, joined.replace("\n", " "))
    return plain.replace("|", "\\|").strip()


def _markup(match: re.Match[str]) -> str:
    kind, inner = match.groups()
    inner = inner.replace("\\", "")
    if kind == "B":
        return f"**{inner}**"
    if kind == "I":
        return f"*{inner}*"
    if kind == "L":
        label, _comma, url = inner.partition(",")
        return f"[{label.strip()}]({url.strip()})"
    if kind == "P":
        return f"`{inner.partition('#')[0]}`"
    return f"`{inner}`"


def options(rows: Data, prefix: str = "") -> t.Iterator[str]:
    """Yield table rows of options, nested ones with dotted names."""
    for name, option in sorted(rows.items()):
        kind = option.get("type", "str")
        if option.get("elements"):
            kind = f"{kind} of {option['elements']}"
        default = "required" if option.get("required") else option.get("default")
        shown = "" if default is None else default if default == "required" else f"`{default}`"
        shown = str(shown).replace("|", "\\|")
        description = text(option.get("description"))
        if option.get("choices"):
            choices = option["choices"]
            description += " One of " + ", ".join(f"`{choice}`" for choice in choices) + "."
        yield f"| `{prefix}{name}` | {kind} | {shown} | {description} |"
        nested = option.get("suboptions") or option.get("options") or {}
        yield from options(nested, f"{prefix}{name}.")


def option_table(rows: Data) -> list[str]:
    """Return the whole table, or a sentence when there are no options."""
    if not rows:
        return ["No options."]
    head = ["| option | type | default | |", "| --- | --- | --- | --- |"]
    return [*head, *options(rows)]


def plugin_page(kind: str, name: str, entry: Data) -> str:
    """Return the page of one plugin."""
    doc = entry["doc"]
    lines = [f"# {name} ({kind})", "", text(doc["short_description"]) + ".", ""]
    lines += [f"- {text(item)}" for item in _as_list(doc.get("description"))]
    if doc.get("requirements"):
        lines += ["", "Needs: " + "; ".join(text(item) for item in doc["requirements"]) + "."]
    lines += ["", "## Options", "", *option_table(doc.get("options") or {})]
    if entry.get("examples"):
        lines += ["", "## Examples", "", "```yaml", str(entry["examples"]).strip(), "```"]
    if entry.get("return"):
        lines += ["", "## Returns", "", "| key | type | returned | |", "| --- | --- | --- | --- |"]
        lines += [
            f"| `{key}` | {item.get('type', '')} | {text(item.get('returned'))} |"
            f" {text(item.get('description'))} |"
            for key, item in entry["return"].items()
        ]
    return "\n".join(lines) + "\n"


def _as_list(value: t.Any) -> list[t.Any]:
    return value if isinstance(value, list) else [value] if value else []


def role_page(path: Path) -> str:
    """Return the page of one role, from its argument specs."""
    specs = yaml.safe_load(path.read_text(encoding="utf-8"))["argument_specs"]
    lines = [f"# {path.parent.parent.name} (role)"]
    for entry, spec in specs.items():
        lines += ["", f"## {entry}", "", text(spec.get("short_description")) + ".", ""]
        lines += [f"- {text(item)}" for item in _as_list(spec.get("description"))]
        lines += ["", *option_table(spec.get("options") or {})]
    return "\n".join(lines) + "\n"


def ansible_doc(kind: str) -> Data:
    """Return the documentation of all plugins of one kind, by name."""
    command = [str(Path(sys.executable).parent / "ansible-doc"), "-t", kind, "--json"]
    listed = subprocess.run(
        [*command, "--list", COLLECTION], capture_output=True, text=True, check=True, cwd=ROOT
    )
    names = sorted(json.loads(listed.stdout))
    if not names:
        return {}
    shown = subprocess.run([*command, *names], capture_output=True, text=True, check=True, cwd=ROOT)
    return dict(json.loads(shown.stdout))


def schemas() -> dict[str, str]:
    """Return the JSON Schema of each contract."""
    from ansible_collections.clusterwright.proxmox.plugins.plugin_utils import _contracts

    return {
        f"schemas/{contract.__name__.lower()}.schema.json": json.dumps(
            contract.model_json_schema(), indent=2, sort_keys=True
        )
        + "\n"
        for contract in (
            _contracts.Request,
            _contracts.Snapshot,
            _contracts.Site,
            _contracts.Plan,
            _contracts.Finding,
        )
    }


def site_page() -> str:
    """Return the page of the site profile, key by key, from its contract."""
    from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import Site

    schema = Site.model_json_schema()
    rows = [(len(name.split(".")), row) for name, row in site_rows(schema, schema["$defs"], "site")]
    lines = [
        "# The site profile",
        "",
        "The variable `site` of the inventory says what your place looks like."
        " [inventory/example](../../inventory/example/group_vars/all/site.yml) holds every key;"
        " [site.schema.json](schemas/site.schema.json) is the same for editors.",
        "",
        "| key | type | unit | default | example | what for |",
        "| --- | --- | --- | --- | --- | --- |",
        *(row for _depth, row in rows),
    ]
    return "\n".join(lines) + "\n"


def site_rows(model: Data, models: Data, prefix: str) -> t.Iterator[tuple[str, str]]:
    """Yield dotted name and table row of each key, the keys of a part after the part."""
    for name, field in model["properties"].items():
        key = f"{prefix}.{name}"
        kind, inner, below = _kind(field, models)
        default = "**required**"
        if name not in model.get("required", ()):
            given = field.get("default")
            plain = [] if kind.startswith("list") else {}
            shown = plain if given is None and "default" not in field else given
            default = "none" if shown is None or (inner and not shown) else f"`{json.dumps(shown)}`"
        example = "; ".join(f"`{_example(value)}`" for value in field.get("examples", ()))
        cells = (f"`{key}`", kind, field.get("unit", ""), default, example, field["description"])
        yield key, "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
        if inner:
            yield from site_rows(inner, models, f"{key}{below}")


def _kind(field: Data, models: Data) -> tuple[str, Data | None, str]:
    """Return the type in words, the model below it, and what stands between both names."""
    if "anyOf" in field:  # a value that may be left out
        field = next(option for option in field["anyOf"] if option.get("type") != "null")
    kind, model, between = str(field.get("type", "")), None, ""
    if "$ref" in field:
        kind, model = "mapping", models[field["$ref"].rpartition("/")[2]]
    elif "enum" in field:
        kind = "one of " + ", ".join(f"`{choice}`" for choice in field["enum"])
    elif "prefixItems" in field:
        kind = f"list of {len(field['prefixItems'])} {field['prefixItems'][0]['type']}s"
    elif kind == "array":
        inner, model, _between = _kind(field["items"], models)
        kind, between = f"list of {inner}s", "[]"
    elif kind == "object":
        of = field.get("additionalProperties")
        model = _kind(of, models)[1] if isinstance(of, dict) else None
        kind, between = "mapping", ".NAME"
    return kind, model, between


def _example(value: t.Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


#: Kind of plug-in, and the folder of its pages.
FOLDERS = {
    "module": "modules",
    "lookup": "lookups",
    "inventory": "inventory",
    "callback": "callbacks",
    "filter": "filters",
}


def pages() -> dict[str, str]:
    """Return every page by its path below docs/reference/."""
    found = schemas()
    for kind, folder in FOLDERS.items():
        for name, entry in ansible_doc(kind).items():
            short = name.removeprefix(f"{COLLECTION}.")
            found[f"{folder}/{short}.md"] = plugin_page(kind, short, entry)
    for path in sorted(ROOT.glob("roles/*/meta/argument_specs.yml")):
        found[f"roles/{path.parent.parent.name}.md"] = role_page(path)
    found["site.md"] = site_page()
    index = ["# Reference", "", "Generated by `make docs`; the sources are the plugins' own docs."]
    index += ["", "- [The site profile](site.md), key by key"]
    for group in sorted({name.partition("/")[0] for name in found if "/" in name}):
        index += ["", f"## {group.capitalize()}", ""]
        index += [
            f"- [{Path(name).name.partition('.')[0]}]({name})"
            for name in sorted(found)
            if name.startswith(f"{group}/")
        ]
    return {**found, "README.md": "\n".join(index) + "\n"}


def main() -> int:
    """Write the pages, or compare them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, fail on a difference")
    check = parser.parse_args().check
    wanted = pages()
    present = {str(path.relative_to(TARGET)) for path in TARGET.rglob("*") if path.is_file()}
    stale = sorted(present - set(wanted))
    for name, content in wanted.items():
        path = TARGET / name
        if path.is_file() and path.read_text(encoding="utf-8") == content:
            continue
        stale.append(name)
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
    for name in set(present - set(wanted)) if not check else ():
        (TARGET / name).unlink()
    if check and stale:
        print("These pages are not what the sources say; run make docs: " + ", ".join(stale))
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
