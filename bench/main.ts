// Ours beside the peers, in one run: npm run bench -- --nets mnist --peers torch
import { existsSync, readdirSync } from 'node:fs';
import { cpus } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { getEngineInfo } from 'nodegrad';
import { type BenchNet, type Side } from './net.js';
import { fastest, timeFloor } from './floor.js';
import { measureInput } from './input.js';
import { measureMemory } from './memory.js';
import { type Options, USAGE, readOptions } from './options.js';
import { measureOverhead } from './overhead.js';
import { Peer } from './peer.js';
import { median, minimum } from './statistics.js';

const BLOCK = 5; // steps in a row of one side
const WARM = 10;
// Threads of the side that has just worked still spin for a few milliseconds.
const PAUSE_MS = 30;

interface Row {
  net: string;
  precision: string;
  batch: number;
  ours: number[];
  peer: string;
  theirs: number[];
  floor: number;
}

async function netOf(name: string): Promise<BenchNet> {
  const folder = new URL('nets/', import.meta.url);
  if (!existsSync(new URL(`${name}.ts`, folder))) {
    const known = readdirSync(folder).map((file) => file.replace('.ts', ''));
    throw new Error(`bench: no such net: ${name}; there are ${known.join(', ')}.`);
  }
  return ((await import(`./nets/${name}.js`)) as { default: BenchNet }).default;
}

async function timed(side: Side, count: number): Promise<number[]> {
  const times = [];
  for (let i = 0; i < count; i++) {
    const start = performance.now();
    await side.step();
    times.push(performance.now() - start);
  }
  return times;
}

/** Blocks of steps of both sides by turns, so that what disturbs the machine disturbs both. */
async function duel(
  side: Side,
  peer: Peer | undefined,
  steps: number,
): Promise<{ ours: number[]; theirs: number[] }> {
  await timed(side, WARM);
  await peer?.steps(WARM);
  const ours: number[] = [];
  const theirs: number[] = [];
  while (ours.length < steps) {
    const count = Math.min(BLOCK, steps - ours.length);
    await sleep(PAUSE_MS);
    ours.push(...(await timed(side, count)));
    await sleep(PAUSE_MS);
    if (peer) theirs.push(...(await peer.steps(count)));
  }
  return { ours, theirs };
}

async function timeNet(
  name: string,
  options: Options,
  threads: number,
  say: (text: string) => void,
): Promise<Row[]> {
  const net = await netOf(name);
  const primitives = timeFloor(net.floor, threads);
  const floor = fastest(primitives).reduce((sum, { ms }) => sum + ms, 0);
  for (const { primitive, pass, by, layout, implementation, ms } of primitives)
    say(
      `floor: ${ms.toFixed(2).padStart(8)} ms  ${primitive.split(' ').slice(0, -1).join(' ')} ${pass} (${by}, ${layout}, ${implementation})`,
    );

  const rows = [];
  for (const peerName of options.peers.length ? options.peers : [undefined]) {
    const side = await net.create(options.threads);
    let peer: Peer | undefined;
    let described = '';
    try {
      if (peerName !== undefined) {
        peer = Peer.start(peerName, name, net.batch, net.precision, threads);
        const loaded = await peer.load(side.x, side.y, await side.weights());
        described = loaded.name;
        const loss = await side.loss();
        // Same weights, same batch: another loss would mean another net.
        if (!(Math.abs(loss / loaded.loss - 1) < 1e-4))
          throw new Error(
            `bench: on the same weights our loss is ${loss} and that of ${peerName} ${loaded.loss}.`,
          );
        say(`${name}: loss before the first step ${loss.toFixed(6)}, ${described} ${loaded.loss.toFixed(6)}`);
      }
      const { ours, theirs } = await duel(side, peer, options.steps);
      rows.push({
        net: name,
        precision: net.precision,
        batch: net.batch,
        ours,
        peer: described,
        theirs,
        floor,
      });
    } finally {
      peer?.stop();
    }
  }
  return rows;
}

const round = (value: number, digits = 2) => Number(value.toFixed(digits));

function asJson({ net, precision, batch, ours, peer, theirs, floor }: Row): string {
  const oursMs = minimum(ours);
  const peerMs = theirs.length ? minimum(theirs) : null;
  return JSON.stringify({
    net,
    precision,
    batch,
    ours_ms: round(oursMs),
    peer,
    peer_ms: peerMs && round(peerMs),
    ratio: peerMs && round(peerMs / oursMs, 3),
    floor_ms: round(floor),
  });
}

/** Minimum and median of the sides, in columns. */
function printTable(rows: readonly Row[]): void {
  const both = (values: readonly number[]) =>
    values.length ? `${minimum(values).toFixed(2)} / ${median(values).toFixed(2)}` : '–';
  const table = rows.map(({ net, precision, batch, ours, peer, theirs, floor }) => [
    `${net} @${batch}`,
    precision,
    both(ours),
    peer || '–',
    both(theirs),
    theirs.length
      ? `${(minimum(theirs) / minimum(ours)).toFixed(2)} / ${(median(theirs) / median(ours)).toFixed(2)}`
      : '–',
    floor.toFixed(2),
  ]);
  table.unshift(['net', 'precision', 'ours_ms min / median', 'peer', 'peer_ms', 'ratio', 'floor_ms']);
  const widths = table[0].map((_, column) => Math.max(...table.map((row) => row[column].length)));
  for (const row of table) console.log(row.map((cell, column) => cell.padEnd(widths[column])).join('  '));
}

async function main(options: Options): Promise<void> {
  const say = (text: string) => (options.json ? console.error(text) : console.log(text));
  const info = getEngineInfo(options.threads === undefined ? {} : { threads: options.threads });
  say(
    `${cpus()[0].model}, ${info.isa} kernels, ${cpus().length} cores; Node ${process.version}; ${info.device}; ` +
      `${info.threads} threads a side`,
  );
  if (options.overhead || options.input || options.memory) {
    if (options.overhead) await measureOverhead(console.log);
    if (options.input) await measureInput(console.log);
    if (options.memory) await measureMemory(options, info.threads, console.log);
    return;
  }
  const rows: Row[] = [];
  for (const name of options.nets) rows.push(...(await timeNet(name, options, info.threads, say)));
  if (options.json) for (const row of rows) console.log(asJson(row));
  else printTable(rows);
}

let options: Options | undefined;
try {
  options = readOptions(process.argv.slice(2));
  await main(options);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  if (!options) console.error(USAGE);
  process.exitCode = 1;
}
