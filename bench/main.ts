// Ours and the peers, in one run: npm run bench -- --training --nets mnist --peers torch
import { devices, getDevice, getEngineInfo, setDevice } from 'nodegrad';
import { INFERENCE_NETS, timeInference } from './inference.js';
import { measureInput } from './input.js';
import { remarkOnLoad } from './load.js';
import { calibrate } from './costs/calibrate.js';
import { type Options, USAGE, readOptions } from './options.js';
import { measureOverhead } from './overhead.js';
import { measureProcesses, measureScaling } from './processes.js';
import { type Results, describeMachine, inputLine, keepResults, reportOf, writePage } from './report.js';
import { timeTraining } from './training.js';

const SCALING_NETS = ['mnist', 'cells'];

async function measure(
  options: Options,
  threads: number,
  results: Results,
  log: (text: string) => void,
): Promise<void> {
  const { parts, nets } = options;
  // A part that fails, or an end before the last one, must not cost the others' results.
  const attempt = async (what: string, part: () => Promise<unknown>) => {
    try {
      await part();
    } catch (error) {
      results.failures.push(`${what}: ${(error as Error).message}`);
      log(`${what} failed: ${(error as Error).stack}`);
    }
    keepResults(results);
  };
  const hasBfloat16 = devices().find(({ name }) => name === getDevice())?.bfloat16 === true;
  for (const precision of options.precisions) {
    if (precision !== 'float32' && !hasBfloat16) {
      log(`${precision} is left out: this device has no instructions for it`);
      continue;
    }
    for (const net of nets) {
      if (parts.has('training'))
        await attempt(`training of ${net} in ${precision}`, async () =>
          results.training.push(await timeTraining(net, precision, options, threads, log)),
        );
      if (parts.has('memory') || parts.has('first-step'))
        await attempt(`a process that trains ${net} in ${precision}`, async () =>
          results.processes.push(await measureProcesses(net, precision, options.peers.length > 0, threads)),
        );
    }
  }
  if (parts.has('inference'))
    for (const net of nets.filter((name) => INFERENCE_NETS.includes(name)))
      await attempt(`inference of ${net}`, async () =>
        results.inference.push(...(await timeInference(net, options, threads, log))),
      );
  if (parts.has('scaling'))
    for (const net of nets.filter((name) => SCALING_NETS.includes(name)))
      await attempt(`scaling of ${net}`, async () => results.scaling.push(await measureScaling(net)));
  if (parts.has('input'))
    await attempt('input', () =>
      measureInput(threads, options.peers.length > 0, (result) => {
        results.input.push(result);
        log(inputLine(result));
      }),
    );
  if (parts.has('overhead'))
    await attempt('overhead', () => measureOverhead((text) => results.overhead.push(text)));
}

async function main(options: Options): Promise<void> {
  const log = (text: string) => (options.json ? console.error(text) : console.log(text));
  // Where the device does not work, nothing is measured in its place.
  setDevice(options.device);
  const { threads } = getEngineInfo(options.threads === undefined ? {} : { threads: options.threads });
  const results: Results = {
    date: new Date().toISOString(),
    machine: describeMachine(threads),
    training: [],
    inference: [],
    processes: [],
    scaling: [],
    input: [],
    overhead: [],
    remarks: await remarkOnLoad('before the first part'),
    failures: [],
  };
  log(results.machine);
  for (const remark of results.remarks) log(remark);
  if (options.calibrate) {
    calibrate(threads, options.write, log);
    return;
  }
  await measure(options, threads, results, log);
  results.remarks.push(...(await remarkOnLoad('after the last part')));
  const report = reportOf(results);
  console.log(options.json ? JSON.stringify(results) : `\n${report}`);
  const kept = keepResults(results);
  log(`\nkept as ${kept}`);
  if (options.write) writePage(results, kept);
  if (results.failures.length > 0) process.exitCode = 1;
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
