"""Would the method find an effect where there can be none?

Two tests with the design and the choices of the estimate. **Pseudo-entry**: new entrants are dated
some years before they entered, and only the years before their entry are used. Only entrants late
enough are taken, whose pseudo-entry still lies after the year in which covariates are measured:
were covariates measured later than the pseudo-entry, they would balance away what the test is to
find. **Negative controls**: outcomes that participation cannot move (Lipsitch, Tchetgen Tchetgen &
Cohen 2010, Epidemiology 21), which only bias can. A placebo effect that is not found acquits only
of biases larger than what it could have found.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from clusterstudy.impact.design import Design
from clusterstudy.impact.effects import Choices, by_group

SHIFTS = (1, 2, 3)


def pseudo_entry(study: Design, shift: int, programme_start: int) -> Design:
    """Return the design with entry dated ``shift`` years early, blind to all from real entry on.

    Parameters
    ----------
    shift
        Years, at least 1.
    programme_start
        First year of the programme; covariates are measured in the year before.

    Returns
    -------
    Design whose chosen firms are those of ``study`` that entered ``shift`` years into the
    programme or later. Years in which a firm may anticipate its entry are left out too.
    """
    late = study.chosen & (study.arrays.cohort >= programme_start + shift)
    cohort = study.arrays.cohort
    real = np.where(late, cohort - study.anticipation, np.inf)
    outcome = np.where(study.arrays.periods < real[:, None], study.arrays.outcome, np.nan)
    arrays = replace(study.arrays, outcome=outcome, cohort=np.where(late, cohort - shift, cohort))
    return replace(study, arrays=arrays, chosen=late, anticipation=0)


def pseudo_entries(study: Design, choices: Choices, programme_start: int) -> pd.DataFrame:
    """Return the placebo effect for every shift of :data:`SHIFTS`.

    Controls are firms that never take part, whatever the choices.

    Returns
    -------
    As :func:`clusterstudy.impact.effects.by_group`, ``group`` being the shift in years.
    """
    never = replace(choices, control="never")
    shifted = {shift: pseudo_entry(study, shift, programme_start) for shift in SHIFTS}
    parts = [by_group(each, never, {str(k): each.chosen}) for k, each in shifted.items()]
    return pd.concat(parts, ignore_index=True)
