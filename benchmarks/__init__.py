"""Measurements, run by hand: `make bench`. Never part of the tests."""
