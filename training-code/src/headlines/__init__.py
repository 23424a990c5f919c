"""Trains a classifier of news headlines.

Reading order: `settings` and `layout` say what to do and where, `data` and `split` give the
headlines, `base_model` and `minilm` the network to start from, `training` trains it, `metrics`
and `report` measure and write down what came out.

Nothing here knows of AWS: the container contract reaches it as folders, files and environment
variables, all of them in `layout`.
"""
