"""The effect on participating SMEs, and whether the data can carry one yet.

:mod:`.design` takes the firms and says whether an estimate may be made, :mod:`.overlap` whether
there are comparable firms, :mod:`.effects` estimates, :mod:`.pretrends` says how fragile that is,
and :mod:`.show` puts it on the page. Does not belong here: the estimators, which are in
:mod:`clusterstudy.did`.
"""
