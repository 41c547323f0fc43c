import { throwIfAborted } from './abort.js';
import type { Feeder, Queued } from './feeder.js';

/** How long one native call of several steps may take: as often as that, a progress bar and an abort get their turn. */
const CALL_MS = 50;
/** Native calls that are queued at once: the next is there when one ends. */
const IN_FLIGHT = 2;

export interface LoopHooks {
  /** Called around every step; their presence makes each native call one step. */
  begin?: (step: number) => Promise<void>;
  end?: (step: number) => Promise<void>;
  /** Called before steps are queued. */
  ready?: () => Promise<void>;
  /** Called with what each native call gave. */
  done?: (call: Queued) => void;
  /** Called after each native call. */
  progress: (stepsDone: number) => Promise<void>;
  /** Whether to stop after the steps that are queued. */
  stopped: () => boolean;
  signal?: AbortSignal;
}

/**
 * Runs the steps of one epoch: several a native call, so many that a call takes about CALL_MS, and always one call ahead.
 *
 * @param total Steps to make at most; fewer where the data ends.
 * @returns How many steps were made.
 * @throws EngineError `ABORTED` where the signal says so, after the steps in flight have ended.
 */
export async function runSteps(feeder: Feeder, total: number, hooks: LoopHooks): Promise<number> {
  const single = hooks.begin !== undefined || hooks.end !== undefined;
  const flight: Queued[] = [];
  let queued = 0;
  let finished = 0;
  let chunk = 1;
  let ended = false;
  let since = performance.now();
  try {
    for (;;) {
      throwIfAborted(hooks.signal);
      while (!ended && queued < total && !hooks.stopped() && flight.length < (single ? 1 : IN_FLIGHT)) {
        const ready = await feeder.ready();
        if (!ready) {
          ended = true;
          break;
        }
        await hooks.begin?.(queued);
        await hooks.ready?.();
        const call = feeder.queue(Math.min(single ? 1 : chunk, feeder.longest, total - queued));
        // Whoever waits for it comes later; until then a failure must not count as unhandled.
        call.done.catch(() => undefined);
        flight.push(call);
        queued += call.steps;
      }
      const first = flight.shift();
      if (!first) return finished;
      await first.done;
      hooks.done?.(first);
      finished += first.steps;
      await hooks.end?.(finished - 1);
      await hooks.progress(finished);
      const now = performance.now();
      const perStep = Math.max((now - since) / first.steps, 0.01);
      since = now;
      chunk = Math.max(1, Math.min(Math.round(CALL_MS / perStep), chunk * 4));
    }
  } catch (error) {
    await Promise.allSettled(flight.map((call) => call.done));
    throw error;
  }
}
