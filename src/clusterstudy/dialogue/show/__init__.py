"""The dialogue sheet's page: tables and figures of what the other modules found."""

from clusterstudy.dialogue.show import governance, interfaces
from clusterstudy.dialogue.show.sheet import (
    banner,
    guidepost,
    guideposts,
    meetings,
    missing,
    offers,
    overview,
    steps,
    together,
)

__all__ = [
    "banner",
    "governance",
    "guidepost",
    "guideposts",
    "interfaces",
    "meetings",
    "missing",
    "offers",
    "overview",
    "steps",
    "together",
]
