"""Trains a classifier of news headlines.

Reading order: `settings` and `layout` say what to do and where; `data`, `preparation` and `split`
give the headlines; `base_model` and `minilm` the network to start from; `training` trains it with
transformers' Trainer, which `course` steers, `checkpoints` keep and `progress` tells of; `metrics`,
`baseline` and `report` measure and write down what came out. `launch` and `processes` are for more
than one device, `compat` for more than one version of transformers.

Nothing here knows of AWS: the container contract reaches it as folders, files and environment
variables, all of them in `layout` and `launch`.
"""
