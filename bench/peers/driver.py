"""Runs one net of one peer for bench/peer.ts: python driver.py PEER NET BATCH PRECISION THREADS

Reads a JSON request a line, answers with a JSON object a line:
  {"command": "load", "arrays": [{"path", "dtype", "shape"}, …]}   x, y, then the weights -> {"name", "loss"}
  {"command": "steps", "count": n}                                 -> {"times": [ms, …]}
  {"command": "train", "steps": n}                                 steps on batches of the net's whole data -> {}

PEER/NET.py has create(batch, precision, threads, arrays) -> an object with name, loss() without dropout, step() to its end; and
train(batch, precision, threads, steps).
"""

import importlib.util
import json
import os
import sys
import time
from pathlib import Path

# Answers go to the real stdout; what a library prints must not get among them.
answers = os.fdopen(os.dup(1), 'w')
os.dup2(2, 1)

import numpy as np


def load_module(peer, net):
    folder = Path(__file__).resolve().parent
    sys.path.insert(0, str(folder))
    spec = importlib.util.spec_from_file_location(net, folder / peer / f'{net}.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Session:
    def __init__(self, peer, net, batch, precision, threads):
        self.module = load_module(peer, net)
        self.settings = (int(batch), precision, int(threads))
        self.side = None

    def load(self, request):
        arrays = [np.fromfile(a['path'], a['dtype']).reshape(a['shape']) for a in request['arrays']]
        self.side = self.module.create(*self.settings, arrays)
        return {'name': self.side.name, 'loss': self.side.loss()}

    def steps(self, request):
        times = []
        for _ in range(request['count']):
            start = time.perf_counter()
            self.side.step()
            times.append((time.perf_counter() - start) * 1e3)
        return {'times': times}

    def train(self, request):
        self.module.train(*self.settings, request['steps'])
        return {}


if __name__ == '__main__':
    session = Session(*sys.argv[1:])
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = getattr(session, request['command'])(request)
        except Exception as error:
            import traceback
            traceback.print_exc()
            answer = {'error': f'{type(error).__name__}: {error}'}
        print(json.dumps(answer), file=answers, flush=True)
