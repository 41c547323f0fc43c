import { ops } from 'nodegrad';

const { image, ...others } = ops;

/** Every op by its name, those of `ops.image` too. */
export const allOps = { ...others, ...image } as unknown as Readonly<
  Record<string, (...args: readonly unknown[]) => unknown>
>;
