"""The classes that gpu_peers.py asks for, over the fake of PyTorch."""

import torch

__version__ = "0 (fake)"


class AlbertConfig:
    def __init__(self, **sizes):
        self.__dict__.update(sizes)


class AlbertModel:
    largest_batch = 200  # a larger one does not fit

    def __init__(self, config):
        self.config = config

    def train(self):
        return self

    eval = train

    def to(self, dtype):
        return self

    def parameters(self):
        return []

    def __call__(self, input_ids=None, **inputs):
        if input_ids.batch > self.largest_batch:
            raise torch.cuda.OutOfMemoryError("a planted lack of memory")
        return torch.zeros()


class AlbertForPreTraining(AlbertModel):
    pass


class AlbertForSequenceClassification(AlbertModel):
    pass
