// An ONNX file in onnxruntime-node, for bench/peer.ts: the requests of ../driver.py that predict.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { performance } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { InferenceSession, Tensor } from 'onnxruntime-node';

const threads = Number(process.argv[6]);
const { version } = createRequire(import.meta.url)('onnxruntime-node/package.json');
let session;
let feeds;

/** [n, height, width, channels] with the channels first, as the exported net takes it. */
function channelsFirst(data, [n, height, width, channels]) {
  const turned = new Float32Array(data.length);
  const size = height * width;
  for (let i = 0; i < n; i++)
    for (let at = 0; at < size; at++)
      for (let c = 0; c < channels; c++)
        turned[(i * channels + c) * size + at] = data[(i * size + at) * channels + c];
  return new Tensor('float32', turned, [n, channels, height, width]);
}

const commands = {
  async load({ x, model }) {
    session = await InferenceSession.create(model, {
      executionProviders: ['cpu'],
      graphOptimizationLevel: 'all',
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
    });
    const { buffer } = new Uint8Array(readFileSync(x.path));
    feeds = { x: channelsFirst(new Float32Array(buffer), x.shape) };
    return { name: `onnxruntime-node ${version}`, variant: 'cpu' };
  },
  async output() {
    return { values: Array.from((await session.run(feeds)).y.data) };
  },
  async predictions({ count }) {
    const times = [];
    for (let i = 0; i < count; i++) {
      const start = performance.now();
      await session.run(feeds);
      times.push(performance.now() - start);
    }
    return { times };
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  try {
    console.log(JSON.stringify(await commands[request.command](request)));
  } catch (error) {
    console.log(JSON.stringify({ error: String(error.message ?? error) }));
  }
}
