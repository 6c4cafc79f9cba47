"""Readiness for commercialisation: a declared profile, a composite in its support, how sure.

The board paper names three clauses, joined by "eller" (any may suffice), and their outcome:
years with membership fees; close cooperation with trade associations; a field with few or no
established private advisers; and from these a clear value proposition. Here are the indicators of
each (:mod:`~clusterstudy.readiness.declaration`, :mod:`~clusterstudy.readiness.indicators`), the
steps of a composite (:mod:`~clusterstudy.readiness.index`), the rule that names a segment
(:mod:`~clusterstudy.readiness.profile`), the settings of every choice
(:mod:`~clusterstudy.readiness.settings`), what they lead to
(:mod:`~clusterstudy.readiness.replications`, :mod:`~clusterstudy.readiness.uncertainty`) and which
choice matters (:mod:`~clusterstudy.readiness.sensitivity`).

Does not belong here: files, notebooks, and any search for groups in the data. Eleven clusters
carry no k-means, no principal components and no p-values between segments.
"""
