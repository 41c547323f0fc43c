import { spawnSync } from 'node:child_process';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Choice, type PriceList, type TimedWay, choices, fitAll, predict } from './fit.js';
import { SHAPES } from './shapes.js';
import { CLASSES, type Processors, completed, linesOf, writeLines } from './table.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const ENVIRONMENT: Record<Processors, Record<string, string>> = {
  base: { NODEGRAD_ISA: 'base' },
  avx2: { NODEGRAD_ISA: 'avx2' },
  avx512: { NODEGRAD_ISA: 'avx512', NODEGRAD_BFLOAT16: 'off' },
  avx512_bf16: { NODEGRAD_ISA: 'avx512', NODEGRAD_BFLOAT16: 'native' },
  amx: { NODEGRAD_ISA: 'amx' },
};
/** Of AMD's processors, whose products of bfloat16 take another time than Intel's. */
const OF_AMD: Processors = 'avx512_bf16';
/** A choice that is slower by more than this is printed. */
const NOTED = 1.05;

type Log = (text: string) => void;

/** Runs bench/costs as a class of processors; undefined where this machine is none. */
function timeWays(processors: Processors, threads: number): TimedWay[] | undefined {
  const { status, stdout, stderr } = spawnSync(join(root, 'build/bench/costs/costs'), [], {
    input: SHAPES.join('\n'),
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    env: { ...process.env, ...ENVIRONMENT[processors], OMP_NUM_THREADS: String(threads) },
  });
  // The engine names the levels that there are.
  if (status !== 0 && stderr.includes('NODEGRAD_ISA')) return undefined;
  if (status !== 0) throw new Error(`bench: timing convolutions as ${processors} failed: ${stderr}`);
  const [first, ...rest] = stdout.trim().split('\n');
  if ((JSON.parse(first!) as { processors: string }).processors !== processors) return undefined;
  return rest.map((line) => JSON.parse(line) as TimedWay);
}

const ms = (value: number) => value.toFixed(3).padStart(8);
const nameOf = ({ shape, pass, dtype }: TimedWay) => `${shape}  ${pass} ${dtype}`.padEnd(50);

function geometricMean(ratios: readonly number[]): number {
  return Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length);
}

/** What the choice costs: the time of the chosen way over that of the fastest one. */
function reportRegret(all: readonly Choice[], prices: PriceList, log: Log): void {
  for (const { chosen, fastest, predicted } of all) {
    const apart = chosen.ms / fastest.ms;
    const other =
      apart > NOTED
        ? `; fastest ${fastest.way} ${ms(fastest.ms)}, predicted ${ms(predict(fastest, prices))}: ${apart.toFixed(2)}×`
        : '';
    log(`  ${nameOf(chosen)} ${chosen.way.padEnd(9)} ${ms(chosen.ms)}, predicted ${ms(predicted)}${other}`);
  }
  for (const dtype of ['F32', 'BF16']) {
    const ratios = all.filter(({ chosen }) => chosen.dtype === dtype).map((c) => c.chosen.ms / c.fastest.ms);
    if (ratios.length === 0) continue;
    const [mean, worst] = [geometricMean(ratios), Math.max(...ratios)];
    log(
      `  ${dtype}: chosen over fastest ${mean.toFixed(3)}× (geometric mean of ${ratios.length}), at worst ${worst.toFixed(2)}×`,
    );
  }
}

/** Which passes are slower under mixedBfloat16 than in float32, by more than 5 %. */
function reportPrecision(all: readonly Choice[], prices: PriceList, log: Log): void {
  const [, ofNumber, , ofCall] = prices.get('F32, Rounding, Forward') ?? [0, 0, 0, 0];
  const key = ({ shape, pass }: TimedWay) => `${shape} ${pass}`;
  const floats = new Map(all.filter((c) => c.chosen.dtype === 'F32').map((c) => [key(c.chosen), c]));
  let slower = 0,
    kept = 0,
    passes = 0;
  for (const { chosen, predicted } of all.filter((c) => c.chosen.dtype === 'BF16')) {
    const float = floats.get(key(chosen))!;
    passes++;
    if (float.predicted + (chosen.work[1] * ofNumber + ofCall) * 1e-9 <= predicted) kept++;
    else if (chosen.ms > NOTED * float.chosen.ms) {
      slower++;
      log(
        `  slower in bfloat16: ${nameOf(chosen)} ${chosen.way} ${ms(chosen.ms)}, float32 ${float.chosen.way} ${ms(float.chosen.ms)}`,
      );
    }
  }
  if (passes > 0)
    log(`  of ${passes} passes ${kept} stay float32, ${slower} are slower in bfloat16 than float32 alone`);
}

/**
 * Times every way to compute each of SHAPES on every class of processors that this machine can run as, fits the prices, and prints what the engine
 * would choose by them. Writes them into the engine's table where it is told to, but not those of classes whose machines have other units than this.
 */
export function calibrate(threads: number, write: boolean, log: Log): void {
  const build = spawnSync(process.execPath, [join(root, 'scripts/native.mjs'), 'costs'], {
    encoding: 'utf8',
  });
  if (build.status !== 0)
    throw new Error(`bench: building bench/costs failed.\n${build.stdout}${build.stderr}`);
  for (const processors of CLASSES) {
    const timed = timeWays(processors, threads);
    if (!timed) {
      log(`${processors}: not on this machine`);
      continue;
    }
    const prices = completed(processors, fitAll(timed));
    const all = choices(timed, prices);
    const lines = linesOf(processors, prices);
    log(
      `${processors}: picoseconds of a product, of a number of an image, of a number of a filter, of a call\n${lines.join('\n')}`,
    );
    reportRegret(all, prices, log);
    reportPrecision(all, prices, log);
    const stranger = processors === OF_AMD && !cpus()[0]!.model.includes('AMD');
    if (stranger) log(`${processors}: not to be kept, its machines are AMD's`);
    else if (write) writeLines(processors, lines);
    else log(`${processors}: --write puts these lines into cpp/cpu/conv/cost_table.cpp`);
  }
}
