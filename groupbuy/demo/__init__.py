"""A made-up community to look around in: everybody and everything here is invented."""
