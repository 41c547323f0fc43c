import type { NDArray } from 'nodegrad';

/** A net as the bench times it: one file of bench/nets, whose default export is a BenchNet, and one for each peer in bench/peers/PEER/. */
export interface BenchNet {
  batch: number;
  precision: string;
  /** The net's primitives, in the words of bench/floor/floor.cpp. */
  floor: string[];
  create: (threads: number | undefined) => Promise<Side> | Side;
}

/** Our side of a net. */
export interface Side {
  /** One whole training step, to its end. */
  step: () => Promise<unknown>;
  /** The loss of the fixed batch without dropout, to be compared with the peer's on the same weights. */
  loss: () => Promise<number>;
  /** The weights in the order in which the peer's `load` expects them. */
  weights: () => Promise<NDArray[]> | NDArray[];
  x: NDArray;
  y: NDArray;
}
