"""Batches of notebooks: plan, execute, render, publish.

A study is planned into runs (a notebook with its parameters), each run is executed by Papermill in
a staging folder, rendered, described by a manifest and moved in one step to where reports are
read. Knows no statistics: what a notebook computes is its own affair.
"""
