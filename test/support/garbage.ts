import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { getEngineInfo } from 'nodegrad';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Collects garbage until no more native tensors go with it. */
export async function settled() {
  let before = Infinity;
  for (;;) {
    collect();
    await setImmediate(); // finalizers run between turns of the event loop
    await setImmediate();
    const { tensors, bytes } = getEngineInfo();
    if (tensors + bytes >= before) return { tensors, bytes };
    before = tensors + bytes;
  }
}
