"""A synthetic Denmark whose truth is known: every table of the contract, seeded.

:func:`generate` writes the tables and ``truth/``, which says what was put into them: effects,
selection, events, gaps, errors. :func:`clusterstudy.demo.world.make` returns the same in memory,
for simulations.

How the world hangs together, in the order in which it is made:

1. :mod:`~clusterstudy.demo.population`: firms as they are in 2024, the last year before the
   programme, and who of them ever takes part.
2. :mod:`~clusterstudy.demo.entry`: through which cluster, and with what dose.
3. :mod:`~clusterstudy.demo.paths`: how employment and productivity move without participation.
4. :mod:`~clusterstudy.demo.support`: other public support, a confounder.
5. :mod:`~clusterstudy.demo.effects`: what participation adds.
6. :mod:`~clusterstudy.demo.events`: mergers, splits and changes of number.
7. The registers: :mod:`~clusterstudy.demo.registers`, :mod:`~clusterstudy.demo.contacts`,
   :mod:`~clusterstudy.demo.survey`.
8. The clusters, which need no firms: :mod:`~clusterstudy.demo.economy`,
   :mod:`~clusterstudy.demo.projects`, :mod:`~clusterstudy.demo.networks`,
   :mod:`~clusterstudy.demo.talks`.
9. :mod:`~clusterstudy.demo.dirt`: errors, when asked for.

Does not belong here: judging or analysing the data. Every figure is a guess or comes from the
source named beside it; none describes a real firm or cluster.
"""

from __future__ import annotations

from clusterstudy.demo.folder import ensure, generate
from clusterstudy.demo.settings import Settings

__all__ = ["Settings", "ensure", "generate"]
