"""The second look of a bundle: collect candidates, fit a verifier to them, write it down."""
