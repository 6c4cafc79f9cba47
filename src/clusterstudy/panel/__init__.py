"""From registers to an analysis panel.

Treatment history, measures in constant prices, SME status before treatment, covariates and the
comparison pool. Estimates nothing: :mod:`clusterstudy.did` does.
"""
