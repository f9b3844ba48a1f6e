"""Measurements, run by hand: `make bench`, `make bench-http`. Never part of the tests."""
