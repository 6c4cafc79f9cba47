"""The data contract: tables, columns, units, keys and vocabularies, declared once.

Readers, Great Expectations suites, the data dictionary and the demo generator all follow from
:data:`clusterstudy.contract.tables.TABLES`. Nothing here knows statistics or notebooks.
"""
