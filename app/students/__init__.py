"""Students loaded and asked, in one way for the worker, which writes for studies, and for training.

It sees the contract alone. Only `told` may be imported where PyTorch must not be.
"""
