"""The impact report's page: tables and figures of what the other modules found."""

from clusterstudy.impact.show.attrition import bounds, exits
from clusterstudy.impact.show.clusters import clusters
from clusterstudy.impact.show.curve import curve
from clusterstudy.impact.show.effects import cells, event_study, groups, overall, withheld
from clusterstudy.impact.show.few import few_clusters
from clusterstudy.impact.show.opinions import decomposition, opinions, regions
from clusterstudy.impact.show.placebo import negative_control, pseudo_entries
from clusterstudy.impact.show.sample import balance, maturity, planned, sample
from clusterstudy.impact.show.spillovers import spillovers
from clusterstudy.impact.show.support import by_support, received, support_unknown
from clusterstudy.impact.show.trends import pretrends

__all__ = [
    "balance",
    "bounds",
    "by_support",
    "cells",
    "clusters",
    "curve",
    "decomposition",
    "event_study",
    "exits",
    "few_clusters",
    "groups",
    "maturity",
    "negative_control",
    "opinions",
    "overall",
    "planned",
    "pretrends",
    "pseudo_entries",
    "received",
    "regions",
    "sample",
    "spillovers",
    "support_unknown",
    "withheld",
]
