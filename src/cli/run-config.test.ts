import { expect, test } from 'vitest'
import type { AdapterConfig } from '../formats/adapter-config.ts'
import { commandConfig } from './run-config.ts'

const adapter: AdapterConfig = {
  rank: 4,
  alpha: 16,
  dropout: 0.1,
  useRslora: true,
  useDora: false,
  targetModules: ['q_proj', 'v_proj'],
  baseModelName: null,
}

test('the adapter decides rank, alpha, rsLoRA and targets; the rest stays the run config’s', () => {
  const { lora } = commandConfig({ lora: { dropout: 0.05 } }, adapter)
  expect(lora).toEqual({
    rank: 4,
    alpha: 16,
    useRslora: true,
    useDora: false,
    targetModules: ['q_proj', 'v_proj'],
    dropout: 0.05,
  })
})

test('a default of the run config is no conflict, an explicit other value is; all conflicts are listed', () => {
  expect(() =>
    commandConfig({ lora: { rank: 4, targetModules: ['v_proj', 'q_proj'] } }, adapter),
  ).not.toThrow()
  const conflict = () =>
    commandConfig({ lora: { rank: 16, useRslora: false, targetModules: 'all-linear' } }, adapter)
  expect(conflict).toThrow(
    expect.objectContaining({ code: 'input/config', problems: expect.objectContaining({ length: 3 }) }),
  )
  expect(conflict).toThrow(/lora.rank" is 16, but the adapter was made with 4/)
})

test('naming all seven modules is the same as all-linear', () => {
  const all = ['down_proj', 'q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj']
  expect(
    commandConfig({ lora: { targetModules: 'all-linear' } }, { ...adapter, targetModules: all }).lora
      .targetModules,
  ).toBe('all-linear')
})

test('an adapter that this version cannot continue is refused', () => {
  expect(() => commandConfig(undefined, { ...adapter, useDora: true })).toThrow(/useDora/)
  expect(() => commandConfig(undefined, { ...adapter, targetModules: ['lm_head'] })).toThrow(
    /"lm_head", which cannot be adapted/,
  )
})

test('full fine-tuning takes no adapter', () => {
  const plain = { ...adapter, targetModules: ['all-linear'] }
  expect(() => commandConfig({ method: 'full' }, plain)).toThrow(/--adapter names an adapter/)
  expect(commandConfig({ method: 'full' }).method).toBe('full')
})
