"""Servers on loopback that behave as those outside the house do, well and badly."""
