"""The board report: what is known, how surely, and what to discuss.

:mod:`.ledger` follows the investment, :mod:`.effects` gathers the effects of several outcomes and
what they cost, :mod:`.economy` the clusters' economy, :mod:`.changes` compares with an earlier
report, :mod:`.inputs` reads what was said at meetings, :mod:`.show` puts it on the page.
Does not belong here: any estimate or rule of its own.
"""
