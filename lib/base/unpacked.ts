/** How often its packed bytes something may unpack to, and how much in any case: what unpacks to more is no data but a bomb. @internal */
export const [MOST_UNPACKED, FREE_UNPACKED] = [200, 32 << 20] as const;

/** So many bytes may come of packed ones. @internal */
export const mostUnpacked = (packed: Uint8Array): number => MOST_UNPACKED * packed.length + FREE_UNPACKED;

/** The same in words. @internal */
export const UNPACKED = `at most ${MOST_UNPACKED} times its bytes and ${FREE_UNPACKED}`;
