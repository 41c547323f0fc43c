import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

export interface Primitive {
  primitive: string;
  pass: string;
  by: 'oneDNN' | 'nodegrad';
  layout: string;
  implementation: string;
  ms: number;
}

/** Builds bench/floor and times each primitive alone, in its best layout: oneDNN's and, for convolutions, ours. */
export function timeFloor(lines: readonly string[], threads: number): Primitive[] {
  if (lines.length === 0) return [];
  const build = spawnSync(process.execPath, [join(root, 'scripts/native.mjs'), 'floor'], {
    encoding: 'utf8',
  });
  if (build.status !== 0)
    throw new Error(`bench: building bench/floor failed.\n${build.stdout}${build.stderr}`);
  const { status, stdout, stderr } = spawnSync(join(root, 'build/bench/floor/floor'), [], {
    input: lines.join('\n'),
    encoding: 'utf8',
    env: { ...process.env, OMP_NUM_THREADS: String(threads) },
  });
  if (status !== 0) throw new Error(`bench: the floor failed: ${stderr}`);
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Primitive);
}

/** Of each primitive and pass the faster one. */
export function fastest(primitives: readonly Primitive[]): Primitive[] {
  const best = new Map<string, Primitive>();
  for (const timed of primitives) {
    const key = `${timed.primitive} ${timed.pass}`;
    if (timed.ms < (best.get(key)?.ms ?? Infinity)) best.set(key, timed);
  }
  return [...best.values()];
}
