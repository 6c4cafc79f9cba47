"""Published figures, reproduced from public data with the code that the studies use.

:mod:`.published` compares, :mod:`.job_training` and :mod:`.minimum_wages` compute what is compared,
and :mod:`.show` puts it on the page. Does not belong here: any method of its own.
"""
