import { setTimeout as sleep } from 'node:timers/promises';
import { median, minimum } from './statistics.js';

const BLOCK_MS = 250;
const MOST_IN_A_BLOCK = 50;
const WARM_STEPS = 3;
// Threads of the side that has just worked still spin for a few milliseconds.
const PAUSE_MS = 30;
// A peer that takes so many times the fastest peer's time cannot be the best one, and makes every fifth block only.
const TOO_SLOW = 1.5;
const TOO_SLOW_ROUNDS = 5;

/** What is timed: runs some steps and gives the milliseconds of each. */
export type Run = (count: number) => Promise<number[]>;

export interface Timing {
  /** Milliseconds of a step. */
  minimum: number;
  median: number;
  steps: number;
}

/** One side's result: how it ran and how long, or why not. */
export interface Entry {
  name: string;
  timing?: Timing;
  error?: string;
}

/** A net at a precision and a batch, ours and the peers. */
export interface Comparison {
  net: string;
  precision: string;
  batch: number;
  ours: Entry;
  peers: Record<string, Entry>;
  /** Milliseconds of the step's compute ops, each alone. */
  floor?: number;
}

export function timingOf(times: readonly number[]): Timing {
  return { minimum: minimum(times), median: median(times), steps: times.length };
}

export async function timed(step: () => Promise<unknown>, count: number): Promise<number[]> {
  const times = [];
  for (let i = 0; i < count; i++) {
    const start = performance.now();
    await step();
    times.push(performance.now() - start);
  }
  return times;
}

/**
 * Blocks of steps of all sides interleaved, so that what disturbs the machine disturbs them all.
 *
 * @param runs Ours first, then the peers.
 * @param rounds Blocks of each side, unless it is a peer far slower than another one.
 * @returns The timing of each side, or the error with which it dropped out.
 */
export async function interleave(
  runs: ReadonlyMap<string, Run>,
  rounds: number,
): Promise<Map<string, Timing | Error>> {
  const results = new Map<string, Timing | Error>();
  const blocks = new Map<string, number>();
  const times = new Map<string, number[]>();
  const attempt = async (side: string, run: Run, count: number) => {
    if (results.has(side)) return [];
    await sleep(PAUSE_MS);
    try {
      return await run(count);
    } catch (error) {
      results.set(side, error as Error);
      return [];
    }
  };
  const warm = new Map<string, number>();
  for (const [side, run] of runs) {
    const first = minimum(await attempt(side, run, WARM_STEPS));
    const block = Math.min(MOST_IN_A_BLOCK, Math.max(1, Math.round(BLOCK_MS / first)));
    blocks.set(side, block);
    times.set(side, []);
    warm.set(side, minimum([first, ...(await attempt(side, run, block))]));
  }
  const [ours, ...peers] = runs.keys();
  const tooSlow = TOO_SLOW * minimum(peers.map((peer) => warm.get(peer)!));
  for (let round = 0; round < rounds; round++) {
    for (const [side, run] of runs) {
      if (side !== ours && warm.get(side)! > tooSlow && round % TOO_SLOW_ROUNDS !== 0) continue;
      times.get(side)!.push(...(await attempt(side, run, blocks.get(side)!)));
    }
  }
  for (const side of runs.keys()) if (!results.has(side)) results.set(side, timingOf(times.get(side)!));
  return results;
}

/** The name and the minimum of the fastest peer that ran. */
export function bestPeer({ peers }: Comparison): { peer: string; ms: number } | undefined {
  const ran = Object.entries(peers).flatMap(([peer, { timing }]) =>
    timing ? [{ peer, ms: timing.minimum }] : [],
  );
  return ran.sort((a, b) => a.ms - b.ms)[0];
}

/** The fastest peer's time over ours. */
export function ratioOf(comparison: Comparison): number | undefined {
  const best = bestPeer(comparison);
  return best && comparison.ours.timing && best.ms / comparison.ours.timing.minimum;
}
