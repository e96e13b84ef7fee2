"""Trials on other machines, by dask.distributed: what is sent, what a worker does, what the runner accepts."""
