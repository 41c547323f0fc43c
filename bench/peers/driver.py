"""Runs one net of one peer for bench/peer.ts: python driver.py PEER NET BATCH PRECISION THREADS DEVICE

PEER is a folder next to this file and, after a dash, the mode that its peer.py knows: torch, torch-compile, keras-jax.
Reads a JSON request a line, answers with a JSON object a line:
  {"command": "load", "x", "y", "weights", "variant", "training"}   -> {"name", "variant"}
      x and y are {"path", "dtype", "shape"}, weights maps layers to lists of these (none: the peer's own start);
      without a variant the fastest one is taken, of training steps or of predictions
  {"command": "loss"}                 of the batch, without dropout     -> {"loss"}
  {"command": "steps", "count"}                                         -> {"times": [ms, …]}
  {"command": "predictions", "count"}                                   -> {"times": [ms, …]}
  {"command": "output"}               the prediction of the batch, flat -> {"values"}
  {"command": "export", "path"}       the net as ONNX                   -> {}
  {"command": "memory"}               the process's peak, in bytes      -> {"bytes"}
"""

import importlib
import json
import os
import sys
import time
from pathlib import Path

# Answers go to the real stdout; what a library prints must not get among them.
answers = os.fdopen(os.dup(1), 'w')
os.dup2(2, 1)

import numpy as np

TRIAL_SECONDS = 1


def array(stored):
    return np.fromfile(stored['path'], stored['dtype']).reshape(stored['shape'])


def best_time(run):
    """The least time of a few runs, in ms; the first one plans and compiles."""
    run()
    times = []
    while sum(times) < TRIAL_SECONDS and len(times) < 20:
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return min(times) * 1e3


class Session:
    def __init__(self, peer, net, batch, precision, threads, device):
        family, _, mode = peer.partition('-')
        if int(threads) < len(os.sched_getaffinity(0)):
            os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:int(threads)])
        sys.path.insert(0, str(Path(__file__).resolve().parent / family))
        if family == 'keras':
            os.environ['KERAS_BACKEND'] = mode
        self.peer = importlib.import_module('peer')
        self.settings = self.peer.Settings(mode, int(batch), precision, int(threads), device)
        self.module = importlib.import_module(net)
        self.side = None

    def load(self, request):
        x, y = array(request['x']), array(request['y'])
        weights = {layer: [array(a) for a in arrays] for layer, arrays in request['weights'].items()}
        training = request['training']

        def make(variant):
            return self.peer.Side(self.module, self.settings, variant, x, y, weights)

        variants = self.peer.variants(self.module, x, self.settings, training)
        chosen = request['variant']
        if chosen is None and len(variants) == 1:
            chosen = variants[0]
        if chosen is None:
            times = {}
            for variant in variants:
                side = make(variant)
                times[variant] = best_time(side.step if training else side.predict)
                print(f'{side.name}: {times[variant]:.2f} ms', file=sys.stderr)
                del side
            chosen = min(variants, key=times.get)
        self.side = make(chosen)
        return {'name': self.side.name, 'variant': chosen}

    def loss(self, request):
        return {'loss': self.side.loss()}

    def steps(self, request):
        return {'times': self.timed(self.side.step, request['count'])}

    def predictions(self, request):
        return {'times': self.timed(self.side.predict, request['count'])}

    def output(self, request):
        return {'values': self.side.output().ravel().tolist()}

    def export(self, request):
        self.side.export(request['path'])
        return {}

    def memory(self, request):
        status = Path('/proc/self/status').read_text()
        return {'bytes': int(status.split('VmHWM:')[1].split()[0]) * 1024}

    @staticmethod
    def timed(run, count):
        times = []
        for _ in range(count):
            start = time.perf_counter()
            run()
            times.append((time.perf_counter() - start) * 1e3)
        return times


if __name__ == '__main__':
    session = Session(*sys.argv[1:])
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = getattr(session, request['command'])(request)
        except Exception as error:
            import traceback
            traceback.print_exc()
            answer = {'error': f'{type(error).__name__}: {error}'.splitlines()[0]}
        print(json.dumps(answer), file=answers, flush=True)
