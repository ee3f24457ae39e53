"""How a model comes to be: clips -> scenes -> distortions -> losses -> loop -> metrics -> release.

`synthesis` makes sounds by numpy alone, `experiments` tests what the method claims. The light
runtime imports `synthesis` only.
"""
