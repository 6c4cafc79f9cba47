"""The impact report's page: tables and figures of what the other modules found."""

from clusterstudy.impact.show.effects import event_study, groups, overall, specifications, withheld
from clusterstudy.impact.show.sample import balance, maturity, planned, sample
from clusterstudy.impact.show.trends import pretrends

__all__ = [
    "balance",
    "event_study",
    "groups",
    "maturity",
    "overall",
    "planned",
    "pretrends",
    "sample",
    "specifications",
    "withheld",
]
