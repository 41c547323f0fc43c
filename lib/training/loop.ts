import { throwIfAborted } from './abort.js';
import type { Feeder, Queued } from './feeder.js';

/** How long one native call of several steps may take: as often as that, a progress bar and an abort get their turn. */
const CALL_MS = 50;
/** Native calls that are queued at once: the next is there when one ends. */
const IN_FLIGHT = 2;

export interface LoopHooks {
  /** Called around every `group` steps, with the first and the last of them; where they are, each group has ended before the next begins. */
  begin?: (step: number) => Promise<void>;
  end?: (step: number) => Promise<void>;
  group: number;
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
 * @param total Steps of the epoch; fewer are made where the data ends.
 * @param made How many of them an earlier run has made.
 * @returns How many are made now, with these.
 * @throws EngineError `ABORTED` where the signal says so, after the steps in flight have ended.
 */
export async function runSteps(
  feeder: Feeder,
  total: number,
  made: number,
  hooks: LoopHooks,
): Promise<number> {
  const hooked = hooks.begin !== undefined || hooks.end !== undefined;
  const flight: Queued[] = [];
  let queued = made;
  let finished = made;
  let chunk = 1;
  let ended = false;
  let since = performance.now();
  /** Where the group ends that is being queued. */
  let groupEnd = made;
  const mayQueue = () =>
    !ended && queued < total && !hooks.stopped() && (hooked ? groupEnd > queued : flight.length < IN_FLIGHT);
  try {
    for (;;) {
      throwIfAborted(hooks.signal);
      if (hooked && flight.length === 0) groupEnd = Math.min(queued + hooks.group, total);
      const first = queued;
      while (mayQueue()) {
        const ready = await feeder.ready();
        if (!ready) {
          ended = true;
          break;
        }
        if (queued === first) await hooks.begin?.(queued);
        await hooks.ready?.();
        const most = hooked ? groupEnd - queued : Math.min(chunk, total - queued);
        const call = feeder.queue(Math.min(most, feeder.longest));
        // Whoever waits for it comes later; until then a failure must not count as unhandled.
        call.done.catch(() => undefined);
        flight.push(call);
        queued += call.steps;
      }
      const next = flight.shift();
      if (!next) return finished;
      await next.done;
      hooks.done?.(next);
      finished += next.steps;
      if (flight.length === 0) await hooks.end?.(finished - 1);
      await hooks.progress(finished);
      const now = performance.now();
      const perStep = Math.max((now - since) / next.steps, 0.01);
      since = now;
      chunk = Math.max(1, Math.min(Math.round(CALL_MS / perStep), chunk * 4));
    }
  } catch (error) {
    await Promise.allSettled(flight.map((call) => call.done));
    throw error;
  }
}
