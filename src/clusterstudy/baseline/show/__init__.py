"""The baseline report's page: tables and figures of what the other modules found."""

from clusterstudy.baseline.show.citation import cited, frozen
from clusterstudy.baseline.show.measures import absent, chain, changes, levels, model
from clusterstudy.baseline.show.participants import coverage, history, profile
from clusterstudy.baseline.show.planning import power
from clusterstudy.baseline.show.survey import respondents, weighting

__all__ = [
    "absent",
    "chain",
    "changes",
    "cited",
    "coverage",
    "frozen",
    "history",
    "levels",
    "model",
    "power",
    "profile",
    "respondents",
    "weighting",
]
