"""The CVR number: eight digits with a modulus-11 check.

A number that passes may still belong to no firm. P-numbers (ten digits, production units) have no
such check and are no CVR numbers.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

SHAPE = "[1-9][0-9]{7}"
WEIGHTS = np.array([2, 7, 6, 5, 4, 3, 2, 1])


def valid(cvr: pd.Series) -> pd.Series:
    """Tell for each value whether it is eight digits whose weighted sum is divisible by 11.

    Parameters
    ----------
    cvr
        Text, shape (n,). Missing values are not valid.

    Returns
    -------
    Series of bool, shape (n,), on the same index.
    """
    text = cvr.astype("string")
    shaped = text.str.fullmatch(SHAPE, na=False).to_numpy(dtype=bool)
    result = np.zeros(len(text), dtype=bool)
    result[shaped] = _digits(text[shaped].astype("int64").to_numpy(), 8) @ WEIGHTS % 11 == 0
    return pd.Series(result, index=cvr.index)


def from_serial(serial: np.ndarray) -> np.ndarray:
    """Return valid CVR numbers for serial numbers, one to one and in the same order.

    Parameters
    ----------
    serial
        Whole numbers from 0 to 2,249,999, shape (n,).

    Returns
    -------
    Array of eight-character text, shape (n,). The seven leading digits are ``1,000,000 + 4 *
    serial + k`` with the smallest ``k`` that has a check digit (the check digit 10 does not
    exist).
    """
    serial = np.asarray(serial, dtype=np.int64)
    if serial.size and not (serial.min() >= 0 and serial.max() < 2_250_000):
        raise ValueError("a serial number lies outside 0 to 2,249,999")
    leading = 1_000_000 + 4 * serial[:, None] + np.arange(2)
    check = -(_digits(leading, 7) @ WEIGHTS[:7]) % 11
    first = (check == 10)[:, 0].astype(int)
    rows = np.arange(len(serial))
    return (leading[rows, first] * 10 + check[rows, first]).astype("U8")


def _digits(number: np.ndarray, count: int) -> np.ndarray:
    """Return the decimal digits of whole numbers along a new last axis of length ``count``."""
    return number[..., None] // 10 ** np.arange(count - 1, -1, -1) % 10
