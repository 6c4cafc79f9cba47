"""The strategic dialogue: guideposts, evidence on both sides of their balances, and the log.

The board paper calls the guideposts advisory and not legally binding, a common ground for dialogue.
Here are the declaration (:mod:`~clusterstudy.dialogue.declaration`), what the data say on each side
of a balance (:mod:`~clusterstudy.dialogue.evidence`), which services open a question
(:mod:`~clusterstudy.dialogue.services`) and what was talked over and agreed
(:mod:`~clusterstudy.dialogue.log`).

Does not belong here: a score, a threshold of success, an order of clusters, a verdict.
"""
