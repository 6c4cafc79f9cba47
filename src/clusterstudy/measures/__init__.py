"""The impact model's measures beyond the registers: answers, journeys, collaborations, networks.

Belongs here: from a table of the contract to observations or figures by group and year, for every
notebook that speaks of them. Does not belong here: firms' register figures
(:mod:`clusterstudy.panel.measures`), choosing whom to show, or pages.
"""
