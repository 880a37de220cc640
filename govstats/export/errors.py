"""What can be wrong with an export."""

from __future__ import annotations

from govstats.errors import GovstatsError


class UnusableExport(GovstatsError, ValueError):
    """There is no such format, the destination does not suit it, or it cannot hold what the panel has."""
