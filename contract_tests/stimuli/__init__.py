"""Stimuli of the rules: a module for each class of delivery, and modules for HTTP, stories and signatures."""
