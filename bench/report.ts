import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { devices, getDevice, getEngineInfo } from 'nodegrad';
import { type Comparison, type Entry, bestPeer, ratioOf } from './comparison.js';
import type { InputResult } from './input.js';
import type { Processes, Scaling } from './processes.js';

const page = fileURLToPath(new URL('../docs/performance.md', import.meta.url));
const folder = fileURLToPath(new URL('results/', import.meta.url));
const BEGIN = '<!-- bench: what stands from here on is written by npm run bench -->';
const END = '<!-- bench: end -->';
const MB = 1e6;

export interface Results {
  date: string;
  machine: string;
  training: Comparison[];
  inference: Comparison[];
  processes: Processes[];
  scaling: Scaling[];
  input: InputResult[];
  overhead: string[];
  /** What makes times doubtful. */
  remarks: string[];
  /** Parts that ended with an error. */
  failures: string[];
}

export function describeMachine(threads: number): string {
  const { device, isa, bfloat16 } = getEngineInfo();
  const bf16 = bfloat16 ? 'bf16' : 'no bf16';
  const gpu = getDevice() === 'cpu' ? undefined : devices().find(({ name }) => name === getDevice());
  return (
    (gpu ? `${gpu.description}, ${gpu.architecture}, ${(gpu.memory / 2 ** 30).toFixed(1)} GiB; ` : '') +
    `${cpus()[0]!.model}, ${cpus().length} cores, ${isa}, ${bf16}, ${Math.round(totalmem() / 2 ** 30)} GiB; ` +
    `Node ${process.version}; ${device}; ${threads} threads a side`
  );
}

/** The geometric mean over the nets of a precision, against the best peer of each. */
function geometricMean(comparisons: readonly Comparison[]): number | undefined {
  const ratios = comparisons.map(ratioOf).filter((ratio) => ratio !== undefined);
  if (ratios.length === 0) return undefined;
  return Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length);
}

const ms = (value: number) => value.toFixed(value < 10 ? 2 : 1);
const times = (value: number | undefined) => (value === undefined ? '–' : `${value.toFixed(2)}×`);

function entry({ timing, error }: Entry): string {
  if (timing) return `${ms(timing.minimum)} (${ms(timing.median)})`;
  return error === undefined ? '–' : 'failed';
}

/** A table in Markdown. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lines = rows.map((row) => `| ${row.map((cell, i) => cell.padEnd(widths[i]!)).join(' | ')} |`);
  lines.splice(1, 0, `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`);
  return lines.join('\n');
}

function comparisonTable(comparisons: readonly Comparison[]): string {
  const peers = [...new Set(comparisons.flatMap((each) => Object.keys(each.peers)))];
  const withFloor = comparisons.some(({ floor }) => floor !== undefined);
  const rows = comparisons.map((each) => [
    `${each.net} @${each.batch}`,
    each.precision,
    entry(each.ours),
    ...(withFloor ? floorCells(each) : []),
    ...peers.map((peer) => (peer in each.peers ? entry(each.peers[peer]!) : '–')),
    bestPeer(each)?.peer ?? '–',
    times(ratioOf(each)),
  ]);
  const head = [
    'net',
    'precision',
    'nodegrad',
    ...(withFloor ? ['floor', 'nodegrad / floor'] : []),
    ...peers,
  ];
  return table([[...head, 'best peer', 'its time / ours'], ...rows]);
}

function floorCells({ floor, ours }: Comparison): string[] {
  if (floor === undefined) return ['–', '–'];
  return [ms(floor), ours.timing ? times(ours.timing.minimum / floor) : '–'];
}

/** Why peers gave no time. The variants of those that did stand in the file of results. */
function failuresOf(comparisons: readonly Comparison[]): string[] {
  return comparisons.flatMap(({ net, precision, batch, peers }) =>
    Object.entries(peers).flatMap(([peer, { error }]) =>
      error === undefined ? [] : [`${peer}, ${net} @${batch} ${precision}: ${error.replaceAll('|', '/')}`],
    ),
  );
}

/** The results in Markdown, for the console and for docs/performance.md. */
export function reportOf({
  date,
  machine,
  training,
  inference,
  processes,
  scaling,
  input,
  overhead,
  remarks,
  failures,
}: Results): string {
  const parts = [`Measured ${date.slice(0, 10)} on ${machine}.`, ...remarks];
  if (training.length > 0) {
    parts.push('Training, milliseconds of a step: minimum (median).', comparisonTable(training));
    for (const precision of new Set(training.map((each) => each.precision))) {
      const mean = geometricMean(training.filter((each) => each.precision === precision));
      if (mean !== undefined)
        parts.push(
          `Geometric mean of the best peer's time over ours, ${precision}: **${mean.toFixed(2)}×**.`,
        );
    }
  }
  if (inference.length > 0)
    parts.push('Inference, milliseconds of a batch: minimum (median).', comparisonTable(inference));
  if (processes.length > 0)
    parts.push(
      'A process that trains: peak resident memory, and its first step, planning included; ours and eager PyTorch.',
      processTable(processes),
    );
  if (scaling.length > 0) {
    const rows = scaling.map(({ net, one, two }) => [net, ms(one), ms(two), times(one / two)]);
    parts.push('A step with one thread and with two, ms.', table([['net', '1', '2', '1 / 2'], ...rows]));
  }
  if (input.length > 0)
    parts.push(
      'The way of the data, milliseconds: the minimum of each side, interleaved.',
      inputTable(input),
    );
  parts.push(...overhead);
  for (const failure of [...failures, ...failuresOf([...training, ...inference])])
    parts.push(`Failed: ${failure}`);
  return parts.join('\n\n');
}

const cellsOf = ({ what, ours, against, theirs, bound }: InputResult) => [
  what,
  ms(ours),
  against,
  ms(theirs),
  (ours / theirs).toFixed(3),
  bound,
];

function inputTable(results: readonly InputResult[]): string {
  const head = ['what', 'nodegrad', 'against', 'its time', 'nodegrad / its time', 'bound'];
  return table([head, ...results.map(cellsOf)]);
}

/** A result as a line. */
export function inputLine(result: InputResult): string {
  const [what, ours, against, theirs, ratio, bound] = cellsOf(result);
  return `${what}: ${ours} ms, ${against} ${theirs} ms: ${ratio} (bound ${bound})`;
}

function processTable(processes: readonly Processes[]): string {
  const rows = processes.map(({ net, precision, ours, peer }) => [
    net,
    precision,
    `${Math.round(ours.memory / MB)}`,
    peer ? `${Math.round(peer.memory / MB)}` : '–',
    peer ? (ours.memory / peer.memory).toFixed(2) : '–',
    `${Math.round(ours.times[0]!)}`,
    peer ? `${Math.round(peer.times[0]!)}` : '–',
  ]);
  const head = ['net', 'precision', 'MB', 'PyTorch MB', 'MB / PyTorch MB'];
  return table([[...head, 'first step ms', 'PyTorch first step ms'], ...rows]);
}

/** Keeps a run as bench/results/DATE-CPU.json; gives the file's path. */
export function keepResults(kept: Results): string {
  const cpu = cpus()[0]!
    .model.toLowerCase()
    .replace(/[^a-z0-9]+/g, '-');
  const stamp = kept.date.slice(0, 19).replaceAll(':', '').replace('T', '-');
  const path = `${folder}${stamp}-${cpu}.json`;
  mkdirSync(folder, { recursive: true });
  writeFileSync(path, `${JSON.stringify(kept, null, 1)}\n`);
  return path;
}

/** The processor that results are of, with its kind of instructions. */
const processorOf = ({ machine }: Pick<Results, 'machine'>) => machine.slice(0, machine.indexOf('; '));

/** The best peer's time over ours: a row for each net, a column for each processor. */
function processorTable(all: readonly Results[]): string {
  const keys = [
    ...new Set(all.flatMap(({ training }) => training.map(({ net, precision }) => `${net} ${precision}`))),
  ];
  const cell = ({ training }: Results, key: string) => {
    const found = training.find(({ net, precision }) => `${net} ${precision}` === key);
    return found ? times(ratioOf(found)) : '–';
  };
  const rows = keys.map((key) => [...key.split(' '), ...all.map((results) => cell(results, key))]);
  return table([['net', 'precision', ...all.map(processorOf)], ...rows]);
}

/**
 * Writes results into docs/performance.md, between the marks: a section for each processor, of which the others stay, and a table of all.
 *
 * @param kept The file of the results, which the section names.
 */
export function writePage(results: Results, kept: string): void {
  const text = readFileSync(page, 'utf8');
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`bench: ${page} lacks its marks ${BEGIN} and ${END}.`);
  const file = `bench/results/${basename(kept)}`;
  const source = `Each peer ran in its fastest variant, which \`name\` in [${file}](../${file}) tells.`;
  const heading = `## ${processorOf(results)}\n`;
  const others = text
    .slice(begin + BEGIN.length, end)
    .split(/^(?=## )/m)
    .filter((section) => section.startsWith('## ') && !section.startsWith(heading))
    .map((section) => section.trim());
  const sections = [...others, `${heading}\n${reportOf(results)}\n\n${source}`];
  const all = sections.flatMap((section) => {
    const [, name] = /\]\(\.\.\/bench\/results\/([^)]+)\)/.exec(section) ?? [];
    return name === undefined ? [] : [JSON.parse(readFileSync(`${folder}${name}`, 'utf8')) as Results];
  });
  const overview = `The best peer's time of a training step over ours, on each processor:\n\n${processorTable(all)}`;
  writeFileSync(
    page,
    `${text.slice(0, begin + BEGIN.length)}\n\n${[overview, ...sections].join('\n\n')}\n\n${text.slice(end)}`,
  );
}
