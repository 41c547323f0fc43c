// Every writer on a disk that becomes full, that may not be written to any more, and whose folder goes: node --import tsx test/disks/writers.ts FOLDER
// The folder is a separate file system of 1 MB. Prints what happened as JSON.
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeSync,
  openSync,
  closeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { itemAt } from '../../lib/base/list.js';
import {
  EngineError,
  NDArray,
  Sequential,
  callbacks,
  layers,
  summary,
  utils,
  visualization,
} from '../../lib/index.js';

const disk = itemAt(process.argv, 2);
const model = new Sequential([layers.input({ shape: [64] }), layers.dense({ units: 64 })]);
model.compile({ optimizer: 'adam', loss: 'mse' });
const pixels = new NDArray(
  Uint8Array.from({ length: 64 * 64 * 3 }, (_, i) => (i * 2654435761) >>> 24),
  [64, 64, 3],
);
const numbers = new NDArray(new Float32Array(64 * 64).fill(1), [64, 64]);
const ones = [Array<number>(64).fill(1)];
/** Fits so many epochs that a log of them does not fit what is left. */
const logged = (log: callbacks.Callback, epochs: number) =>
  model.fit(ones, ones, { epochs, verbose: 0, callbacks: [log] });

interface Writer {
  readonly write: (path: string) => Promise<unknown>;
  /** A log grows; any other file is written anew as a whole. */
  readonly grows?: true;
}

const few = 3;
let epochs = few;
const writers: Readonly<Record<string, Writer>> = {
  'a.keras': { write: (path) => model.save(path) },
  'a.h5': { write: (path) => model.save(path) },
  'a.weights.h5': { write: (path) => model.saveWeights(path) },
  'a.safetensors': { write: (path) => model.saveWeights(path) },
  'tfjs/model.json': { write: (path) => model.save(path) },
  'a.onnx': { write: (path) => model.exportOnnx(path) },
  'a.npy': { write: (path) => utils.writeNpy(path, numbers) },
  'a.npz': { write: (path) => utils.writeNpz(path, { numbers }) },
  'a.png': { write: (path) => utils.saveImg(path, pixels) },
  'gallery.svg': {
    write: (path) => visualization.plotImageGallery(new NDArray(pixels.data, [1, 64, 64, 3]), { path }),
  },
  'model.dot': { write: (path) => utils.plotModel(model, { toFile: path }) },
  'a.csv': { write: (path) => logged(callbacks.csvLogger(path, { append: true }), epochs), grows: true },
  'a.jsonl': { write: (path) => logged(callbacks.jsonlLogger(path, { append: true }), epochs), grows: true },
  'events/a': {
    write: async (path) => {
      const writer = summary.createFileWriter(dirname(path));
      try {
        for (let step = 0; step < 100 * epochs; step++) await writer.scalar('loss', step, { step });
      } finally {
        await writer.close();
      }
    },
    grows: true,
  },
};

/** Takes what is left of the disk but for a few bytes. */
function fill(): void {
  const file = openSync(join(disk, 'filled'), 'w');
  for (const size of [4096, 1]) {
    try {
      for (;;) writeSync(file, new Uint8Array(size));
    } catch {
      // It is full.
    }
  }
  closeSync(file);
}

const faults: Readonly<Record<string, { happens: () => void; mends: () => void }>> = {
  full: {
    happens: fill,
    mends: () => {
      rmSync(join(disk, 'filled'));
    },
  },
  readOnly: {
    happens: () => void execFileSync('mount', ['-o', 'remount,ro', disk]),
    mends: () => void execFileSync('mount', ['-o', 'remount,rw', disk]),
  },
};

/** All files of a folder with what they hold. */
function contents(folder: string): Record<string, Buffer> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const files = names.filter((name) => statSync(join(folder, name)).isFile()).sort();
  return Object.fromEntries(files.map((name) => [name, readFileSync(join(folder, name))]));
}

const results: Record<string, Record<string, unknown>> = {};
for (const [fault, { happens, mends }] of Object.entries(faults)) {
  const own: Record<string, unknown> = (results[fault] = {});
  for (const [name, { write, grows }] of Object.entries(writers)) {
    const folder = join(disk, 'files');
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    epochs = few;
    await write(path);
    const before = contents(folder);
    // Other numbers, so that what is written anew differs.
    await model.fit(ones, ones, { verbose: 0 });
    happens();
    epochs = 1000;
    const error: unknown = await write(path).then(
      () => 'none',
      (cause: unknown) => cause,
    );
    const after = contents(folder);
    mends();
    const isKept = Object.entries(before).every(
      ([file, bytes]) =>
        after[file]?.subarray(0, bytes.length).equals(bytes) &&
        (grows === true || after[file]?.length === bytes.length),
    );
    const hasMore = Object.keys(after).length > Object.keys(before).length;
    epochs = few;
    await write(path);
    own[name] = {
      code: error instanceof EngineError ? error.code : String(error),
      names: error instanceof Error && error.message.includes(folder),
      // A log keeps the lines that it had; other files are as they were, and there are no more of them.
      kept: isKept && (grows === true || !hasMore),
      // It can be written later, and a log has whole lines alone.
      goesOn: grows ? isWhole(path) : existsSync(path),
    };
    rmSync(folder, { recursive: true });
  }
}

/** Whether a log has whole lines, or whole records, from its begin to its end. */
function isWhole(path: string): boolean {
  const isEnd = (epochsSeen: readonly (string | number)[]) =>
    epochsSeen.length >= 2 * few && epochsSeen.slice(-few).join() === '0,1,2';
  if (path.endsWith('.csv')) {
    const [header, ...rows] = readFileSync(path, 'utf8')
      .trimEnd()
      .split('\r\n')
      .map((line) => line.split(','));
    return rows.every((row) => row.length === header?.length) && isEnd(rows.map(([epoch]) => epoch ?? ''));
  }
  if (path.endsWith('.jsonl')) {
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
    return isEnd(lines.map((line) => (JSON.parse(line) as { epoch: number }).epoch));
  }
  return Object.values(contents(dirname(path))).every((bytes) => {
    let at = 0;
    while (at < bytes.length) at += Number(bytes.readBigUInt64LE(at)) + 16;
    return at === bytes.length;
  });
}

console.log(JSON.stringify(results));
