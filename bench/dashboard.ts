import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { type NDArray, type Sequential, callbacks } from 'nodegrad';
import { median } from './statistics.js';

/** Epochs that do not count: the browser starts, plans are made. */
const WARM = 5;
/** Of epochs with the page; there is one more without. */
const PAIRS = 30;
/** What the page hears of training once it has begun. */
const HOOKS = ['onProgress', 'onEpochEnd'];
const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';

/**
 * What the dashboard costs that is open in a browser on the same machine: one fit, of which the page hears every second epoch. Each of these is
 * compared with the two around it, since a machine that others use changes its speed within minutes.
 */
export async function measureDashboard(
  model: Sequential,
  x: NDArray,
  y: NDArray,
  log: (text: string) => void,
): Promise<void> {
  if (!existsSync(CHROMIUM)) {
    log(`the dashboard's cost is left out: there is no ${CHROMIUM}; CHROMIUM gives another path`);
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), 'nodegrad-bench-'));
  let browser: ReturnType<typeof spawn> | undefined;
  const page = callbacks.dashboard({
    dir: join(folder, 'run'),
    data: [x, y],
    onOpen: (url) => {
      const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--remote-debugging-port=0'];
      browser = spawn(CHROMIUM, [...flags, `--user-data-dir=${join(folder, 'browser')}`, url], {
        stdio: 'ignore',
      });
    },
  });
  const hooksOf = (callback: callbacks.Callback) =>
    Object.fromEntries(HOOKS.map((name) => [name, Reflect.get(callback, name) as unknown]));
  const hooks = { without: hooksOf(callbacks.Callback.prototype), with: hooksOf(page) };
  const sideOf = (epoch: number) => (epoch < WARM || (epoch - WARM) % 2 === 1 ? 'with' : 'without');
  const [without, opened] = [1, 2].map(() => monitorEventLoopDelay({ resolution: 1 }));
  const delays = { without: without!, with: opened! };
  const ends: number[] = [];
  await model.fit(x, y, {
    ...{ batchSize: 128, epochs: WARM + 2 * PAIRS + 1, verbose: 0 },
    callbacks: [
      callbacks.lambdaCallback({
        onEpochBegin: (epoch) => {
          Object.assign(page, hooks[sideOf(epoch)]);
          if (epoch >= WARM) delays[sideOf(epoch)].enable();
        },
      }),
      page,
      callbacks.lambdaCallback({
        onEpochEnd: (epoch) => {
          ends.push(performance.now());
          delays[sideOf(epoch)].disable();
        },
      }),
    ],
  });
  await page.close();
  const ended = new Promise((resolve) => browser?.once('exit', resolve));
  browser?.kill();
  await ended;
  rmSync(folder, { recursive: true, force: true });
  const times = ends.slice(WARM).map((end, i) => end - ends[WARM - 1 + i]!);
  const ratios = Array.from({ length: PAIRS }, (_, i) => {
    const [before, heard, after] = times.slice(2 * i, 2 * i + 3) as [number, number, number];
    return heard / ((before + after) / 2);
  });
  const mean = ratios.reduce((sum, ratio) => sum + ratio, 0) / PAIRS;
  const percent = (ratio: number) => (100 * (ratio - 1)).toFixed(1);
  log(
    `training with the dashboard open in a browser: ${percent(mean)} % slower (bound 3), the mean of ${PAIRS} epochs against those ` +
      `around them, median ${percent(median(ratios))} %; event loop delay p99 ${p99(delays.with)} ms (bound 5), without it ${p99(delays.without)}`,
  );
}

const p99 = (delay: ReturnType<typeof monitorEventLoopDelay>) => (delay.percentile(99) / 1e6).toFixed(2);
