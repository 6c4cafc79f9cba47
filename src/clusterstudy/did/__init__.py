"""Difference-in-differences: arrays in, result objects out.

Estimators, aggregation, inference, sensitivity and power. Nothing here knows clusters of
companies, files or notebooks.

========================  =====================================================================
:mod:`.panel`             the arrays, checked
:mod:`.group_time`        ATT(g, t) and its averages: Callaway & Sant'Anna (2021)
:mod:`.averages`          averages of ATT(g, t), of many results in one reading
:mod:`.two_by_two`        one cohort, two periods: Sant'Anna & Zhao (2020)
:mod:`.influence`         units' terms in the errors of its averages
:mod:`.sample`            who is compared with whom, read in blocks
:mod:`.status`            why there is no estimate
:mod:`.trends`            sums of regressions on unit effects and trends by period
:mod:`.twfe`              two-way fixed effects, the plain reference
:mod:`.saturated`         Sun & Abraham (2021), and ratios of means by Poisson
:mod:`.imputation`        Borusyak, Jaravel & Spiess (2024)
:mod:`.synthetic`         synthetic differences: Arkhangelsky et al. (2021), by diff-diff
:mod:`.bacon`             what two-way fixed effects average: Goodman-Bacon (2021), by diff-diff
:mod:`.estimates`         what all of them return: estimates, influence functions, intervals
:mod:`.multiplicity`      several hypotheses at once: Romano & Wolf (2005), false discovery rate
:mod:`.shrinkage`         a few effects, partially pooled: Rubin (1981)
:mod:`.randomisation`     tests by counting: Canay, Romano & Shaikh (2017), permutation
:mod:`.wild`              the wild cluster bootstrap: Cameron, Gelbach & Miller (2008)
:mod:`.lee`               bounds where treatment changes who stays: Lee (2009)
:mod:`.power`             minimum detectable effects
:mod:`.pretest`           what a pre-trend test can see: Roth (2022)
:mod:`.honest`            sets robust to unequal trends: Rambachan & Roth (2023)
:mod:`.simulation`        panels whose truth is known
========================  =====================================================================
"""
