"""The pages as one site, by Sphinx: the sources are the repository's own pages, so that every link holds for both."""

import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]

project = "spark-finetune"
author = "The spark-finetune maintainers"
copyright = "2026, the spark-finetune maintainers"
release = re.search(r"<version>([^<]+)</version>", (ROOT / "submit/pom.xml").read_text()).group(1)

extensions = ["myst_parser"]
root_doc = "submit/site/index"
include_patterns = [
    "*.md",
    "submit/docs/*.md",
    "submit/docs/decisions/*.md",
    "submit/extras/*/*.md",
    "submit/bench/README.md",
    "submit/k8s/README.md",
    "submit/site/index.md",
]
exclude_patterns = ["**/target", "**/node_modules", ".git", "data", "models", "runs", "finetune-core", "dataset-prep"]

# Anchors as GitHub derives them.
myst_heading_anchors = 4
myst_enable_extensions = ["linkify"]
myst_linkify_fuzzy_links = False
# A page may begin below a heading of the first level.
suppress_warnings = ["myst.header", "misc.highlighting_failure"]

html_theme = "furo"
html_title = f"spark-finetune {release}"
html_static_path = []
html_copy_source = False
html_show_sphinx = False
# The search index lies beside the pages: nothing is asked of another host.
html_theme_options = {"source_repository": "https://github.com/sparkfinetune/spark-finetune/", "source_branch": "main"}
