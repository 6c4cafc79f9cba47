"""The board report: what is known, how surely, and what to discuss.

:mod:`.ledger` follows the investment, :mod:`.effects` gathers the effects of several outcomes and
what they cost, :mod:`.changes` compares with an earlier report, :mod:`.show` puts it on the page.
Does not belong here: any estimate or rule of its own.
"""
