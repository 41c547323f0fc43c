import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { type NDArray, type Sequential, callbacks } from 'nodegrad';
import { quantile } from './statistics.js';

type Delay = ReturnType<typeof monitorEventLoopDelay>;

const ROUNDS = 3;
const EPOCHS = 9;
/** Epochs that do not count. */
const WARM = 2;
const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';

/** What the dashboard costs that is open in a browser on the same machine: fits with it and without, one after the other. */
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
  const [alone, delay] = [1, 2].map(() => monitorEventLoopDelay({ resolution: 1 })) as [Delay, Delay];
  const times = { without: [] as number[], with: [] as number[] };
  for (let round = 0; round < ROUNDS; round++) {
    times.without.push(await epochOf(model, x, y, alone));
    let browser: ReturnType<typeof spawn> | undefined;
    const page = callbacks.dashboard({
      dir: join(folder, String(round)),
      data: [x, y],
      onOpen: (url) => {
        const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--remote-debugging-port=0'];
        browser = spawn(CHROMIUM, [...flags, `--user-data-dir=${join(folder, 'browser')}`, url], {
          stdio: 'ignore',
        });
      },
    });
    times.with.push(await epochOf(model, x, y, delay, page));
    await page.close();
    const ended = new Promise((resolve) => browser?.once('exit', resolve));
    browser?.kill();
    await ended;
  }
  rmSync(folder, { recursive: true, force: true });
  const [without, opened] = [quantile(times.without, 0.5), quantile(times.with, 0.5)];
  log(
    `training with the dashboard open in a browser: ${(100 * (opened / without - 1)).toFixed(1)} % slower (bound 3), ` +
      `${opened.toFixed(0)} and ${without.toFixed(0)} ms an epoch, medians of ${ROUNDS}; event loop delay p99 ${p99(delay)} ms (bound 5), without it ${p99(alone)}`,
  );
}

const p99 = (delay: Delay) => (delay.percentile(99) / 1e6).toFixed(2);

/** Milliseconds of an epoch, the median of those after the first two, in which the browser starts and plans are made. */
async function epochOf(
  model: Sequential,
  x: NDArray,
  y: NDArray,
  delay: Delay,
  page?: callbacks.Callback,
): Promise<number> {
  const ends: number[] = [];
  const timer = callbacks.lambdaCallback({
    onEpochBegin: (epoch) => {
      if (epoch === WARM) delay.enable();
    },
    onTrainEnd: () => void delay.disable(),
  });
  const last = callbacks.lambdaCallback({ onEpochEnd: () => void ends.push(performance.now()) });
  await model.fit(x, y, {
    ...{ batchSize: 128, epochs: EPOCHS, verbose: 0 },
    callbacks: [timer, ...(page ? [page] : []), last],
  });
  const times = ends.slice(WARM).map((end, i) => end - ends[WARM - 1 + i]!);
  return quantile(times, 0.5);
}
