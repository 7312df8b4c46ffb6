/**
 * Version of everything that decides the bytes of a run beside its kernels, which are compared by themselves: the order in
 * which sums are made, how batches are cut and padded, seeds, dropout masks, schedules, how weights are brought to the
 * device. Raise it with every change after which the same run ends with other bytes (a golden hash or a resumed run that
 * differs tells), and say here with what:
 *
 * 0: checkpoints that do not say. 1: short batches without padding, weight gradients in tiles.
 */
export const ARITHMETIC = 1

/** A checkpoint made before there was this number counts as 0. */
export const isSameArithmetic = ({ arithmetic = 0 }: { arithmetic?: number }): boolean =>
  arithmetic === ARITHMETIC
