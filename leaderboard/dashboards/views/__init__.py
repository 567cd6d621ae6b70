"""The read-only pages. What they show comes from the selectors, how it is drawn from the figures."""
