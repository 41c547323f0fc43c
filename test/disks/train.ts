// Trainings on a disk that becomes full, that may not be written to any more, and whose folder goes: node --import tsx test/disks/train.ts FOLDER
// The folder is a separate file system of 1 MB. Prints what happened as JSON.
import { itemAt } from '../../lib/base/list.js';
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EngineError, Sequential, callbacks, layers, loadModel, setSeed } from '../../lib/index.js';

const disk = itemAt(process.argv, 2);
const x = Float32Array.from({ length: 8 * 64 }, (_, i) => Math.sin(1.7 * i));
const y = Float32Array.from({ length: 8 }, (_, i) => Math.cos(i));
const made = () => {
  setSeed(3);
  const net = [layers.input({ shape: [64] }), layers.dense({ units: 64 }), layers.dense({ units: 1 })];
  const model = new Sequential(net);
  model.compile({ optimizer: 'adam', loss: 'mse' });
  return model;
};
const data = () => [Array.from({ length: 8 }, (_, i) => [...x.subarray(64 * i, 64 * (i + 1))]), y] as const;
/** A training that makes something happen before its third epoch. */
const trained = async (folder: string, happens: () => void = () => undefined) => {
  const model = made();
  const happening = callbacks.lambdaCallback({
    onEpochBegin: (epoch) => {
      if (epoch === 2) happens();
    },
  });
  const kept = [
    happening,
    callbacks.modelCheckpoint({ filepath: join(folder, 'last.keras') }),
    callbacks.backupAndRestore({ backupDir: join(folder, 'backup') }),
  ];
  const { history } = await model.fit(...data(), { epochs: 4, batchSize: 4, verbose: 0, callbacks: kept });
  return history['loss'];
};
const filled = join(disk, 'filled');
const faults: Record<string, { happens: () => void; mends: () => void }> = {
  full: {
    happens: () => {
      try {
        writeFileSync(filled, new Uint8Array(2 << 20));
      } catch {
        // It has taken what there was.
      }
    },
    mends: () => {
      rmSync(filled);
    },
  },
  readOnly: {
    happens: () => void execFileSync('mount', ['-o', 'remount,ro', disk]),
    mends: () => void execFileSync('mount', ['-o', 'remount,rw', disk]),
  },
  gone: {
    happens: () => {
      rmSync(join(disk, 'gone'), { recursive: true });
    },
    mends: () => undefined,
  },
};

const results: Record<string, unknown> = {};
for (const [name, { happens, mends }] of Object.entries(faults)) {
  const folder = join(disk, name);
  const error: unknown = await trained(folder, happens).catch((reason: unknown) => reason);
  mends();
  const isGone = name === 'gone';
  results[name] = {
    code: error instanceof EngineError ? error.code : String(error),
    message: (error as Error).message,
    left: isGone ? [] : readdirSync(folder).sort(),
    // The checkpoint of the epoch before can be read.
    whole: isGone || (await loadModel(join(folder, 'last.keras'))).countParams(),
    backup: isGone ? 0 : readFileSync(join(folder, 'backup/latest.safetensors')).length > 0,
    goesOn: await trained(folder),
  };
  rmSync(folder, { recursive: true });
}
console.log(JSON.stringify({ alone: await trained(join(disk, 'alone')), results }));
