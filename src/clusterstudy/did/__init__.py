"""Difference-in-differences with staggered entry: arrays in, results out.

Knows no clusters, files or notebooks.
"""
