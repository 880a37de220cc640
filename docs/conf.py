"""The site: `make site` builds it from docs/ and the executed notebooks, without a network."""

import gc
import sys
from pathlib import Path

import govstats

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
gc.set_threshold(200_000)  # to look through the trees of all pages again and again takes a fifth of the time

project = "govstats"
author = "govstats authors"
copyright = "govstats authors, MIT; data CC-BY-4.0"  # noqa: A001 what Sphinx calls it
version = release = govstats.__version__
language = "zh_CN"

# The source is the repository, so that links among README, docs and notebooks are the same on the site as in the repository.
root_doc = "docs/start.zh"
include_patterns = ["README*.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/**.md", "notebooks/**.ipynb"]
exclude_patterns = [".*", "build", "benchmarks", "data", "govstats", "tests", "**.ipynb_checkpoints"]

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sitepages"]
myst_heading_anchors = 3
suppress_warnings = ["toc.empty_glob"]
smartquotes = False

nb_execution_mode = "off"  # the runs are the reference that the tests compare with
nb_ipywidgets_js: dict[str, dict[str, str]] = {}  # would be loaded from elsewhere
nb_mime_priority_overrides = [("*", "application/vnd.jupyter.widget-view+json", None)]
nb_code_prompt_show = "展开代码 Show code"
nb_code_prompt_hide = "收起代码 Hide code"

autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the docstrings say it, with columns and units
napoleon_use_ivar = True
napoleon_use_rtype = False

html_theme = "furo"
html_title = "govstats 政府信息公开年报"
html_static_path = ["_static"]
html_css_files = ["site.css"]
templates_path = ["_templates"]
html_additional_pages = {"index": "index.html"}
html_copy_source = False
html_show_sphinx = False
