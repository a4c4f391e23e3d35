"""What looks at pictures on this machine, in an environment of its own: a reader of forms, a classifier of animals.

Neither is a vision model. Each answers what it can be sure of and leaves everything else open.
"""
