"""The clusters' economy: income against plan, accounts, advances, projects, and cash to come.

Belongs here: pure functions from tables of the contract to frames, and the page of the
sustainability report. Does not belong here: firms' figures, and what happens in a dialogue.
Cluster accounts are public and identifiable by design; what one firm pays is not.
"""
