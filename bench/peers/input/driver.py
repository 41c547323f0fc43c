"""The peers of bench/input.ts: python driver.py input THREADS

Reads a JSON request a line, answers with a JSON object a line:
  {"command": "augment", "images", "size", "count"} -> {"times": [ms, …]}  torchvision's transforms of a batch, one process a thread
  {"command": "pictures", "folder", "images", "size"}         -> {}  writes the same pictures as HDF5, CSV, Parquet and a folder of JPEGs
  {"command": "table", "path", "rows", "columns"}             -> {}  writes numbers as CSV
  {"command": "csv", "path", "count"}                         -> {"times"}  pandas' C reader
  {"command": "model", "path"}                                -> {}  writes a model of 100 MB as .keras
  {"command": "load", "path", "count"}                        -> {"times"}  Keras's loadModel
"""

import json
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

os.environ['KERAS_BACKEND'] = 'torch'
# Answers go to the real stdout; what a library prints must not get among them.
answers = os.fdopen(os.dup(1), 'w')
os.dup2(2, 1)

import numpy as np

THREADS = int(sys.argv[2])


def timed(run, count):
    times = []
    for _ in range(count):
        start = time.perf_counter()
        run()
        times.append((time.perf_counter() - start) * 1e3)
    return {'times': times}


def smooth(images, size):
    """Pictures that compress as photographs do: a blot of colour on a gradient, with some noise."""
    random = np.random.default_rng(1)
    at = np.linspace(0, 1, size)
    y, x = at[:, None, None], at[None, :, None]
    out = np.empty((images, size, size, 3), np.uint8)
    for i in range(images):
        centre, colour = random.uniform(0.2, 0.8, 2), random.uniform(0, 200, 3)
        blot = np.exp(-((x - centre[0]) ** 2 + (y - centre[1]) ** 2) * 20)
        out[i] = np.clip(40 * x + 30 * y + blot * colour + random.normal(0, 4, (size, size, 3)), 0, 255)
    return out


def prepare(images, size, part):
    global torch, transform, pictures
    import torch
    from torchvision.transforms import InterpolationMode, v2
    torch.set_num_threads(1)
    linear = InterpolationMode.BILINEAR
    transform = v2.Compose([
        v2.RandomHorizontalFlip(),
        v2.RandomRotation(18, interpolation=linear),
        v2.RandomAffine(0, scale=(0.9, 1.1), interpolation=linear),
        v2.RandomAffine(0, translate=(0.1, 0.1), interpolation=linear),
        v2.ColorJitter(contrast=0.2),
    ])
    pictures = torch.from_numpy(smooth(images, size)[part::THREADS].transpose(0, 3, 1, 2).copy())


def change(_):
    for picture in pictures:
        transform(picture)


def augment(request):
    pools = [ProcessPoolExecutor(1, get_context('fork'), prepare, (request['images'], request['size'], part)) for part in range(THREADS)]

    def run():
        for made in [pool.submit(change, 0) for pool in pools]:
            made.result()

    run()
    result = timed(run, request['count'])
    for pool in pools:
        pool.shutdown()
    return result


def pictures_in_files(request):
    import h5py
    import pyarrow
    import pyarrow.parquet
    from PIL import Image
    folder, count, size = Path(request['folder']), request['images'], request['size']
    x, y = smooth(count, size), (np.arange(count) % 2).astype(np.uint8)
    with h5py.File(folder / 'pictures.h5', 'w') as file:
        file.create_dataset('images', data=x, chunks=(64, size, size, 3), compression='gzip')
        file['labels'] = y
    flat = x.reshape(count, -1)
    names = ','.join([*(f'p{i}' for i in range(flat.shape[1])), 'label'])
    np.savetxt(folder / 'pictures.csv', np.concatenate([flat, y[:, None]], 1), '%d', ',', header=names, comments='')
    pixels = pyarrow.FixedSizeListArray.from_arrays(pyarrow.array(flat.ravel()), flat.shape[1]).cast(pyarrow.list_(pyarrow.uint8()))
    pyarrow.parquet.write_table(pyarrow.table({'pixels': pixels, 'label': y}), folder / 'pictures.parquet', row_group_size=64)
    for label in (0, 1):
        (folder / 'pictures' / str(label)).mkdir(parents=True)
    for i in range(count):
        Image.fromarray(x[i]).save(folder / 'pictures' / str(y[i]) / f'{i:05}.jpg', quality=90)
    return {}


def table(request):
    import pandas
    numbers = np.random.default_rng(1).normal(size=(request['rows'], request['columns'])).astype(np.float32)
    pandas.DataFrame(numbers).to_csv(request['path'], index=False)
    return {}


def csv(request):
    import pandas
    return timed(lambda: pandas.read_csv(request['path'], dtype=np.float32, engine='c'), request['count'])


def model(request):
    import keras
    keras.Sequential([keras.Input((1000,)), *(keras.layers.Dense(1000) for _ in range(25))]).save(request['path'])
    return {}


def load(request):
    import keras
    return timed(lambda: keras.saving.load_model(request['path']), request['count'])


if __name__ == '__main__':
    commands = {'augment': augment, 'pictures': pictures_in_files, 'table': table, 'csv': csv, 'model': model, 'load': load}
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = commands[request['command']](request)
        except Exception as error:
            import traceback
            traceback.print_exc()
            answer = {'error': f'{type(error).__name__}: {error}'.splitlines()[0]}
        print(json.dumps(answer), file=answers, flush=True)
