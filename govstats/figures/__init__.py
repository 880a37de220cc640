"""Figures in Chinese, in English or in both, each with a frame of the numbers behind it.

Every function that draws takes

- `language`: ``"both"``, ``"zh"`` or ``"en"``;
- `width`: ``"page"`` (170 mm) or ``"column"`` (85 mm) of a journal, or ``"slide"`` (16:9, to be shown at twice its size).

Anything else raises `UnusableFigure`. The figure has the attribute `alt`, a text that states what one would see; it goes into
notebooks, SVG, PDF and PNG too, and `figure.savefig("….pdf")` embeds the font. What a document leaves blank, leaves out or prints
unreadably is said in the figure and never drawn as zero.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
