/** What the scripted engine does; every page state can be reached without a GPU. */
export interface Script {
  /** Steps of a run. */
  steps?: number
  /** Pause between the events of a run, in milliseconds. */
  paceMs?: number
  /** Steps between two pauses. */
  burst?: number
  /** The run stands still after this step, until it is stopped. */
  holdAt?: number
  /** From this step on the loss is NaN. */
  nanAt?: number
  /** The run fails after this step. */
  failAt?: number
  /** Commands that reject with this error. */
  reject?: Record<
    string,
    { code: string; message: string; hint?: string; problems?: { message: string; fix?: string }[] }
  >
  /** Commands that never answer. */
  hang?: string[]
  /** Rows of the dataset that cannot be used. */
  badRows?: number
  /** Rows of the dataset that say what an earlier one says. */
  duplicates?: { row: number; of: number }[]
  /** A text stands still after so many tokens, until it is stopped. */
  holdTextAt?: number
  /** The worker dies after this command. */
  crashOn?: string
  layers?: number
  /** The kernel that the device is found to compute wrongly. */
  wrongKernel?: string
  /** Measuring the quantization stands still after this many matrices. */
  holdInspectionAt?: number
  /** Checkpoints that the browser holds of earlier runs. */
  saved?: { runId: string; step: number; modelName: string }[]
  /** The GPU is lost after this step, and the run goes on from the step named. */
  loseDevice?: { at: number; resumesFrom: number; awayMs: number }
  /** A warning after this step. */
  warn?: { at: number; message: string }
  /** Pages of Adam's moments; without it nothing is paged. */
  pages?: { gpu: number; host: number; store: number }
}
