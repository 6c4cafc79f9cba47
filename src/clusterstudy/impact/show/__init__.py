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
from clusterstudy.impact.show.trends import pretrends

__all__ = [
    "balance",
    "bounds",
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
    "regions",
    "sample",
    "spillovers",
    "withheld",
]
