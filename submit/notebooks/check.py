#!/usr/bin/env python3
"""Checks the package and the notebooks without running them, with Python alone: submit/notebooks/check.py

The build's tests call it; submit/notebooks/test runs the notebooks.

"""

import argparse
import ast
import graphlib
import json
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
PACKAGE = HERE.parent / "python/src/spark_finetune"
#: Modules that only the package imports.
INTERNAL = {"_backend", "_connect", "_html", "_jvm", "progress"}


def parsed():
    """Returns the modules of the package by name; a syntax error ends the check."""
    return {file.stem: ast.parse(file.read_text(), str(file)) for file in sorted(PACKAGE.glob("*.py"))}


def exported(modules):
    """Returns the names that ``import spark_finetune`` provides, and the public names of each module."""
    init = modules["__init__"]
    (names,) = (
        ast.literal_eval(node.value)
        for node in init.body
        if isinstance(node, ast.Assign) and node.targets[0].id == "__all__"
    )
    imported = {
        alias.asname or alias.name for node in init.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    if set(names) != imported or names != sorted(names):
        raise SystemExit(f"spark_finetune/__init__.py: __all__ is not what it imports, sorted: {sorted(imported)}")
    return set(names), {name: public(module) for name, module in modules.items()}


def public(module):
    kinds = (ast.ClassDef, ast.FunctionDef)
    return {node.name for node in module.body if isinstance(node, kinds) and not node.name.startswith("_")}


def members(modules, name):
    """Returns the attributes and methods of a class of the package, with argument names; None for an attribute."""
    for module in modules.values():
        for node in module.body:
            if isinstance(node, ast.ClassDef) and node.name == name:
                found = {}
                for item in node.body:
                    if isinstance(item, ast.FunctionDef):
                        found[item.name] = [arg.arg for arg in item.args.args + item.args.kwonlyargs]
                    elif isinstance(item, ast.AnnAssign):
                        found[item.target.id] = None
                return found
    raise SystemExit(f"there is no class {name}")


def check_docstrings(modules):
    """Checks that each public class, function and method has a docstring."""
    for name, module in modules.items():
        for node in ast.walk(module):
            documented = isinstance(node, (ast.ClassDef, ast.FunctionDef)) and not node.name.startswith("_")
            if documented and name not in INTERNAL and not ast.get_docstring(node):
                raise SystemExit(f"{name}.py:{node.lineno}: {node.name} has no docstring")


def check_imports(modules):
    """Checks that no modules import each other, not even for type annotations."""
    imports = {}
    for name, module in modules.items():
        imports[name] = set()
        for node in ast.walk(module):
            if isinstance(node, ast.ImportFrom) and node.module == PACKAGE.name:
                imports[name] |= {alias.name for alias in node.names} & modules.keys()
            elif isinstance(node, ast.ImportFrom) and node.module.startswith(f"{PACKAGE.name}."):
                imports[name].add(node.module.partition(".")[2])
    try:
        graphlib.TopologicalSorter(imports).prepare()
    except graphlib.CycleError as error:
        raise SystemExit(f"{PACKAGE.name}: modules import each other: {' <- '.join(error.args[1])}") from None


def check_notebook(file, names, modules, public_of):
    notebook = json.loads(file.read_text())
    if (notebook["nbformat"], notebook["nbformat_minor"]) != (4, 5):
        raise SystemExit(f"{file.name} is not of nbformat 4.5")
    python = notebook["metadata"]["kernelspec"]["name"] == "python3"
    sources = []
    for cell in notebook["cells"]:
        where = f"{file.name}, {cell['id']}"
        if cell["cell_type"] == "code":
            if cell["outputs"] or cell["execution_count"] is not None:
                raise SystemExit(f"{where}: has outputs: clear them before it is committed")
            sources.append((where, "".join(cell["source"])))
    if "parameters" not in notebook["cells"][1]["metadata"].get("tags", []):
        raise SystemExit(f"{file.name}: its parameters are not in its second cell")
    known = {"sf": names}
    methods = {*members(modules, "Run"), *members(modules, "Dataset")}
    for where, source in sources if python else []:
        for node in ast.walk(ast.parse(source, where)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("spark_finetune"):
                there = public_of[node.module.partition(".")[2] or "__init__"] | names
                missing = [alias.name for alias in node.names if alias.name not in there]
            elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in known:
                missing = [] if node.attr in known[node.value.id] else [node.attr]
            elif (
                isinstance(node, ast.Attribute)
                and isinstance(node.value, ast.Name)
                and node.value.id in ("run", "dataset")
            ):
                missing = [] if node.attr in methods else [node.attr]
            else:
                continue
            if missing:
                raise SystemExit(f"{where}: spark_finetune has no {', '.join(missing)}")


def check_version():
    pom = re.search(r"<version>([^<]+)</version>", (HERE.parent / "pom.xml").read_text()).group(1)
    project = (HERE.parent / "python/pyproject.toml").read_text()
    version = re.search(r'^version = "([^"]+)"', project, re.MULTILINE).group(1)
    if version != pom.replace("-SNAPSHOT", ".dev0"):
        raise SystemExit(f"pyproject.toml has version {version}, the build {pom}")


def main():
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    modules = parsed()
    names, public_of = exported(modules)
    check_docstrings(modules)
    check_imports(modules)
    check_version()
    notebooks = sorted(HERE.glob("*.ipynb"))
    if not notebooks:
        raise SystemExit("there are no notebooks")
    for file in notebooks:
        check_notebook(file, names, modules, public_of)
    print(f"{len(modules)} modules, {len(notebooks)} notebooks")


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    main()
