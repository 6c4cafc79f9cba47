"""Real data from elsewhere, mapped into the contract.

One module per source, each a pattern for mapping a register of your own.
"""
