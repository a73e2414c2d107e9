"""Inputs for observing: the recorded arguments of a function and small changes of them."""
