"""A client of a scheduler."""

from __future__ import annotations

import logging
import os

import dask
from distributed import Client

from elfworlds.errors import InputError

CONNECT_SECONDS = 10.0


def encrypted() -> bool:
    """Whether dask's configuration names the cluster's certificates (DASK_DISTRIBUTED__COMM__TLS__CA_FILE)."""
    return dask.config.get("distributed.comm.tls.ca-file", None) is not None


def connected(where: str) -> Client:
    """A client of a scheduler. What dask logs in this process the run says in words.

    Raises:
        InputError: there is none.
    """
    for name in ("distributed", "distributed.client"):  # dask gives both levels of their own
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        return Client(where, timeout=CONNECT_SECONDS, set_as_default=False, name=f"elfworlds-{os.getpid()}")
    except (OSError, TimeoutError, ValueError) as error:
        raise InputError(f"no scheduler answers at {where}: {error}") from None
