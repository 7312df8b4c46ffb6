import { app } from './app.ts'
import { blocked } from './blocked.ts'
import { cards } from './cards.ts'
import { data } from './data.ts'
import { device } from './device.ts'
import { home } from './home.ts'
import { memory } from './memory.ts'
import { metrics } from './metrics.ts'
import { model } from './model.ts'
import { nav } from './nav.ts'
import { playground } from './playground.ts'
import { quantization } from './quantization.ts'
import { recipe } from './recipe.ts'
import { runs } from './runs.ts'
import { samples } from './samples.ts'
import { start } from './start.ts'
import { status } from './status.ts'
import { stepRows } from './step-rows.ts'
import { train } from './train.ts'

/** Every word of the page, a file for each place where it is read. Values in double braces are filled in; `_one`/`_other` follow `count`. */
export const en = {
  app,
  nav,
  status,
  home,
  start,
  memory,
  device,
  blocked,
  model,
  data,
  recipe,
  train,
  cards,
  metrics,
  playground,
  quantization,
  runs,
  samples,
  stepRows,
}
