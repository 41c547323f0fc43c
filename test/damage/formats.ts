// The formats of files that the package reads, with files to change and what reads them.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { deflateRawSync, gunzipSync, gzipSync } from 'node:zlib';
import {
  Dataset,
  NDArray,
  Sequential,
  callbacks,
  datasets,
  importOnnx,
  layers,
  loadModel,
  summary,
  utils,
} from '../../lib/index.js';
import { onnxCodec } from '../../lib/onnx/codec.js';
import type { AttributeProto, NodeProto } from '../../lib/onnx/messages.js';
import { tensorProto } from '../../lib/onnx/tensors.js';
import { Zip, type ZipMember, zipParts } from '../../lib/base/zip.js';
import { idxBytes } from '../data/idx-bytes.js';
import { safetensorsParts } from '../../lib/saving/safetensors.js';

/** A format of files. */
export interface Format {
  readonly name: string;
  /** Where the file has to be in the folder. */
  readonly file: string;
  /** Whole files. */
  readonly seeds: readonly Uint8Array[];
  /** Files that are wrong by themselves: bombs, depths, sizes that are not there. */
  readonly traps?: readonly Uint8Array[];
  /** The parts of a file that has members, which are changed while its sums stay right. */
  readonly members?: (bytes: Uint8Array) => ZipMember[];
  /** Whether files are only cut: the library believes all lengths in a file's headers, and loops as long as they say. */
  readonly onlyCut?: boolean;
  /** Reads such a file. */
  readonly read: (path: string) => Promise<unknown>;
}

const fixture = (name: string) => readFileSync(new URL(`../fixtures/${name}`, import.meta.url));
const text = (value: string) => new TextEncoder().encode(value);
const all = (dataset: Dataset) => dataset.toArray();
const archive = (members: readonly ZipMember[]) => Buffer.concat(zipParts('damage', 'file', members));
const membersOf = (bytes: Uint8Array) => {
  const zip = new Zip('damage', 'file', bytes);
  return zip.names.map((name) => ({ name, bytes: zip.read(name) }));
};
const deep = (depth: number) => text('['.repeat(depth) + ']'.repeat(depth));
/** A file in HDF5 whose first text of any length says that it is long. */
const longText = (file: Buffer) => {
  // After the datatype, in 24 bytes, and that there is one text, in 8.
  file.writeUInt32LE(0x10000000, file.indexOf(Buffer.from([0x19, 0x01])) + 32);
  return file;
};
/** An archive whose one member is so many spaces, packed to a thousandth; it may say that they are fewer. */
const bomb = (size: number, said = size) => {
  const bytes = deflateRawSync(new Uint8Array(size).fill(0x20));
  const name = text('config.json');
  const stored = archive([{ name: 'config.json', bytes }]);
  const directory = 30 + name.length + bytes.length;
  // In both headers: the method, then after the sum the size.
  for (const at of [0, directory + 2]) {
    stored.writeUInt16LE(8, at + 8);
    stored.writeUInt32LE(said, at + 22);
  }
  return stored;
};
const headed = (header: Uint8Array, length = header.length) => {
  const bytes = Buffer.alloc(8 + header.length);
  bytes.writeBigUInt64LE(BigInt(length));
  bytes.set(header, 8);
  return bytes;
};

/** A WAV file of 8 samples of silence that may say that it has others. */
function wav(code: number, bits: number, channels: number, said?: number): Buffer {
  const size = (8 * channels * bits) / 8;
  const bytes = Buffer.alloc(44 + size);
  bytes.write('RIFF', 0);
  bytes.writeUInt32LE(36 + size, 4);
  bytes.write('WAVEfmt ', 8);
  bytes.writeUInt32LE(16, 16);
  [code, channels].forEach((n, i) => bytes.writeUInt16LE(n, 20 + 2 * i));
  bytes.writeUInt32LE(8000, 24);
  bytes.writeUInt32LE((8000 * channels * bits) / 8, 28);
  [(channels * bits) / 8, bits].forEach((n, i) => bytes.writeUInt16LE(n, 32 + 2 * i));
  bytes.write('data', 36);
  bytes.writeUInt32LE(said ?? size, 40);
  return bytes;
}

/** A field of protocol buffers that holds bytes. */
function field(id: number, bytes: Uint8Array): Buffer {
  const length: number[] = [];
  for (let rest = bytes.length; length.length === 0 || rest > 0; rest = Math.floor(rest / 128))
    length.push((rest % 128) + (rest >= 128 ? 128 : 0));
  return Buffer.concat([Buffer.from([id * 8 + 2, ...length]), bytes]);
}

/** An ONNX file of graphs within the nodes of graphs. */
function nestedGraphs(depth: number): Buffer {
  // A node has its attributes at 5, an attribute its graph at 6, a graph its nodes at 1, a model its graph at 7.
  let graph = field(1, field(4, text('Identity')));
  for (let i = 0; i < depth; i++)
    graph = field(1, Buffer.concat([field(4, text('If')), field(5, field(6, graph))]));
  return field(7, graph);
}

/** Those of the tables that fit float32. */
const columns = ['x', 'd', 'label', 'ok', 'name', 'pair'];

const codec = await onnxCodec('damage');

/** A file of one node whose inputs are whole numbers that are known. */
function oneNode(opType: string, inputs: readonly (readonly number[])[], attribute: AttributeProto[] = []) {
  const names = inputs.map((_, i) => `i${i}`);
  const node: NodeProto = { opType, input: names, output: ['y'], attribute };
  const dim = [{ dimValue: 1 }];
  const type = { tensorType: { elemType: 1, shape: { dim } } };
  return codec.encode({
    ...{ irVersion: 8, opsetImport: [{ domain: '', version: 17 }] },
    graph: {
      node: [node, { opType: 'Identity', input: ['x'], output: ['z'] }],
      initializer: inputs.map((numbers, i) =>
        tensorProto(
          `i${i}`,
          'INT64',
          numbers.length === 1 && opType === 'Range' ? [] : [numbers.length],
          numbers,
        ),
      ),
      input: [{ name: 'x', type }],
      output: [
        { name: 'y', type },
        { name: 'z', type },
      ],
    },
  });
}

/** Networks of ONNX: one with layers, and the tests of many nodes. */
const networks = () => {
  const json = (name: string) => JSON.parse(fixture(name).toString('utf8')) as unknown;
  const { model } = json('onnx_training.json') as { model: string };
  const nodes = (json('onnx_nodes.json') as { name: string; model: string }[]).filter(
    ({ name }) => !name.startsWith('sequence'), // its inputs are lists
  );
  return [model, ...nodes.map((one) => one.model)].map((one) => Buffer.from(one, 'base64'));
};

/** Makes the formats, in a folder for files of the way. */
export async function formatsIn(folder: string): Promise<Format[]> {
  const made = async (name: string, write: (path: string) => Promise<unknown>) => {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    await write(path);
    return readFileSync(path);
  };
  const model = new Sequential([layers.input({ shape: [3] }), layers.dense({ units: 4 })]);
  model.compile({ optimizer: 'adam', loss: 'mse' });
  const [x, y] = [[[1, 2, 3]], [[1, 2, 3, 4]]];
  const backup = (path: string) =>
    model.fit(x, y, {
      epochs: 2,
      verbose: 0,
      callbacks: [callbacks.backupAndRestore({ backupDir: dirname(path), deleteCheckpoint: false })],
    });
  const net = gunzipSync(fixture('files/net.keras.gz'));
  writeFileSync(join(folder, 'kept.keras'), net);
  const same = await loadModel(join(folder, 'kept.keras'));
  const parts = membersOf(net);
  const { graph: tfjs } = JSON.parse(fixture('tfjs.json').toString()) as {
    graph: { json: object; parts: Record<string, string> };
  };
  const numbersOfTfjs = 'group1-shard1of1.bin';
  for (const name of ['tfjs', 'sounds/a']) mkdirSync(join(folder, name), { recursive: true });
  writeFileSync(join(folder, 'tfjs', numbersOfTfjs), Buffer.from(tfjs.parts[numbersOfTfjs]!, 'base64'));
  const lies = [{ name: 'a', shape: [1e9, 1e6], dtype: 'float32' }];
  const numbers = Float32Array.from({ length: 12 }, (_, i) => i);
  const config = (bytes: Uint8Array) =>
    archive(parts.map(({ name, bytes: own }) => ({ name, bytes: name === 'config.json' ? bytes : own })));
  const table = 'a,b,c\n1,2.5,"x, y"\n-3e1,,z\n4,5,"a ""b""\nc"\n'.repeat(3);
  const cached = (path: string) => all(Dataset.fromArrays([1, 2, 3], ['a', 'b', 'c']).cache(path));
  const log = (path: string) =>
    model.fit(x, y, { epochs: 3, verbose: 0, callbacks: [callbacks.jsonlLogger(path)] });
  const picture = (ending: string) => (path: string) =>
    utils.saveImg(path.replace(/\w+$/, ending), new NDArray(new Uint8Array(48).fill(7), [4, 4, 3]));
  return [
    {
      name: 'keras',
      file: 'a.keras',
      seeds: [net],
      traps: [
        config(deep(100_000)),
        config(text(' '.repeat(1e6))),
        bomb(100e6),
        bomb(100e6, 10),
        archive([]),
        text('PK'),
      ],
      members: membersOf,
      read: async (path) => (await loadModel(path)).dispose(),
    },
    {
      name: 'onnx',
      file: 'a.onnx',
      seeds: networks(),
      traps: [
        oneNode('ConstantOfShape', [[1 << 15, 1 << 15]]),
        oneNode('ConstantOfShape', [[1e9, 1e9]]),
        oneNode('Range', [[0], [1e9], [1]]),
        oneNode('Tile', [[1, 2], [1e9]]),
        oneNode('Expand', [[1], [1e5, 1e5]]),
        oneNode('Pad', [
          [1, 2],
          [1e9, 0],
        ]),
        oneNode('OneHot', [[1, 2], [1e9], [0, 1]]),
        oneNode('EyeLike', [[1, 2]]),
        nestedGraphs(20),
        nestedGraphs(3000),
        oneNode('Add', [Array<number>(5000).fill(1), [1]]),
        // Many empty nodes of two bytes each.
        Buffer.concat([Buffer.from([0x3a, 0x80, 0x89, 0x7a]), Buffer.alloc(2e6, Buffer.from([0x0a, 0]))]),
      ],
      read: async (path) => {
        (await importOnnx(path)).dispose();
      },
    },
    {
      name: 'weights.h5',
      file: 'a.weights.h5',
      seeds: [await made('seed.weights.h5', (path) => model.saveWeights(path))],
      read: (path) => model.loadWeights(path),
    },
    {
      name: 'h5',
      file: 'a.h5',
      seeds: [gunzipSync(fixture('files/net.h5.gz'))],
      traps: [longText(gunzipSync(fixture('files/net.h5.gz')))],
      read: (path) => same.loadWeights(path),
    },
    ...['legacy_sequential', 'keras2_adam'].map((name): Format => ({
      name: `a model in h5, ${name}`,
      file: 'model.h5',
      seeds: [gunzipSync(fixture(`files/${name}.h5.gz`))],
      read: async (path) => (await loadModel(path)).dispose(),
    })),
    {
      name: 'safetensors',
      file: 'a.safetensors',
      seeds: [await made('seed.safetensors', (path) => model.saveWeights(path))],
      traps: [
        headed(deep(100_000)),
        headed(text('{}'), 1e15),
        headed(text('{"dense/kernel":{"dtype":"F32","shape":[1e9,1e9],"data_offsets":[0,4]}}')),
        headed(text('{"dense/kernel":{"dtype":"F32","shape":[3,4],"data_offsets":[0,9e15]}}')),
        Buffer.concat(safetensorsParts([], {})),
      ],
      read: (path) => model.loadWeights(path),
    },
    {
      name: 'tfjs',
      file: 'tfjs/model.json',
      seeds: [await made('tfjs/model.json', (path) => model.save(path)), text(JSON.stringify(tfjs.json))],
      traps: [
        deep(100_000),
        text(JSON.stringify({ weightsManifest: [{ paths: ['model.json'], weights: lies }] })),
      ],
      read: async (path) => {
        (await loadModel(path)).dispose();
      },
    },
    {
      name: 'numbers of tfjs',
      file: `tfjs/${numbersOfTfjs}`,
      seeds: [Buffer.from(tfjs.parts[numbersOfTfjs]!, 'base64')],
      read: async (path) => {
        writeFileSync(join(dirname(path), 'graph.json'), JSON.stringify(tfjs.json));
        (await loadModel(join(dirname(path), 'graph.json'))).dispose();
      },
    },
    {
      name: 'backup',
      file: 'latest.safetensors',
      seeds: [await made('backup/latest.safetensors', backup)],
      read: backup,
    },
    { name: 'cache', file: 'a.cache', seeds: [await made('seed.cache', cached)], read: cached },
    {
      name: 'npy',
      file: 'a.npy',
      seeds: ['float16', 'fortran', 'int64', 'bool'].map((name) => fixture(`data_files/${name}.npy`)),
      traps: [
        Buffer.concat([
          Buffer.from('\x93NUMPY\x01\x00\x76\x00', 'latin1'),
          text("{'descr': '<f4', 'fortran_order': False, 'shape': (1000000, 1000000), }".padEnd(117) + '\n'),
        ]),
      ],
      read: (path) => all(Dataset.npy(path)),
    },
    {
      name: 'npz',
      file: 'a.npz',
      seeds: [fixture('data_files/arrays.npz')],
      traps: [bomb(100e6), archive([])],
      members: membersOf,
      read: (path) => utils.readNpz(path),
    },
    {
      name: 'pickled npz',
      file: 'a.npz',
      seeds: [fixture('datasets/reuters.npz')],
      members: membersOf,
      read: (path) => datasets.reuters({ path }),
    },
    {
      name: 'pickles in tar',
      file: 'a.tar',
      // Unzipped: a changed gzip stream ends at its sum.
      seeds: [gunzipSync(fixture('datasets/cifar-100-python.tar.gz'))],
      read: (path) => datasets.cifar100({ path }),
    },
    {
      name: 'idx',
      file: 'a.idx',
      seeds: [
        idxBytes('uint8', [3, 2, 2], Array.from(numbers)),
        idxBytes('float32', [12], Array.from(numbers)),
      ],
      traps: [Buffer.from([0, 0, 8, 3, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255])],
      read: (path) => all(Dataset.idx(path)),
    },
    {
      name: 'idx, gzipped',
      file: 'a.idx.gz',
      seeds: [gzipSync(idxBytes('uint8', [3, 2, 2], Array.from(numbers)))],
      traps: [Buffer.concat(Array<Buffer>(150).fill(gzipSync(new Uint8Array(1e6))))],
      read: (path) => all(Dataset.idx(path)),
    },
    {
      name: 'wav',
      file: 'sounds/a/a.wav',
      seeds: [wav(1, 16, 2), wav(3, 32, 1)],
      traps: [wav(1, 16, 2, 0xffffffff), wav(1, 8, 0)],
      read: async (path) => {
        const folder = dirname(dirname(path));
        await all(await utils.audioDatasetFromDirectory(folder, { verbose: false }));
      },
    },
    {
      name: 'log of a run',
      file: 'a.jsonl',
      seeds: [await made('seed.jsonl', log)],
      traps: [
        Buffer.concat([deep(100_000), text('\n')]),
        text('\n'.repeat(1e6)),
        text(`${'9'.repeat(1e6)}\n`),
      ],
      read: (path) => summary.readRunLog(path),
    },
    {
      name: 'csv',
      file: 'a.csv',
      seeds: [text(table), text(`\ufeff${table.replaceAll('\n', '\r\n')}`)],
      traps: [text(`a,b\n"${'x'.repeat(1e6)}`), text(','.repeat(1e5)), text('\0\n\0')],
      read: (path) => all(Dataset.csv(path)),
    },
    {
      name: 'parquet',
      file: 'a.parquet',
      seeds: [fixture('data_files/table.snappy.parquet'), fixture('data_files/table.zstd.parquet')],
      read: (path) => all(Dataset.parquet(path, { columns })),
    },
    {
      name: 'arrow',
      file: 'a.arrow',
      onlyCut: true,
      seeds: [fixture('data_files/table.arrow'), fixture('data_files/stream.arrow')],
      read: (path) => all(Dataset.arrow(path, { columns })),
    },
    {
      name: 'hdf5',
      file: 'a.h5',
      seeds: [fixture('data_files/arrays.h5')],
      read: (path) => all(Dataset.hdf5(path, ['images', 'targets/labels'])),
    },
    ...(await Promise.all(
      ['png', 'jpg', 'webp', 'gif', 'tiff'].map(async (ending): Promise<Format> => ({
        name: ending,
        file: `a.${ending}`,
        seeds: [await made(`seed.${ending}`, picture(ending))],
        // It promises 65535 × 65535 pixels.
        traps:
          ending === 'gif' ? [Buffer.from('R0lGODlh/////4AAAAAAAP///ywAAAAA/////wAAAkQBADs=', 'base64')] : [],
        read: (path) => utils.loadImg(path),
      })),
    )),
    {
      name: 'lines',
      file: 'a.txt',
      seeds: [text('one\ntwo\r\n\nthree')],
      traps: [new Uint8Array(1e6)],
      read: (path) => all(Dataset.lines(path)),
    },
  ];
}
