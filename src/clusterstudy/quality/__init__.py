"""The gate: data meet the contract's expectations, or a study does not start.

Great Expectations is imported only while :func:`gate` judges, for the import takes seconds.
"""

from clusterstudy.quality.gate import gate
from clusterstudy.quality.keys import named
from clusterstudy.quality.store import verdict_for
from clusterstudy.quality.verdict import Finding, Verdict

__all__ = ["Finding", "Verdict", "gate", "named", "verdict_for"]
