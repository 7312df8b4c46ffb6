export const stepRows = {
  open: 'Rows of a step',
  title: 'What a step was trained on',
  of: 'Rows of step {{step}}',
  range: 'from 1 to {{last}}',
  reading: 'The rows are being looked up',
  failed: 'The rows could not be looked up',
  summary: '{{rows}} in {{batches}}, epoch {{epoch}}.',
  rows_one: '{{count}} row',
  rows_other: '{{count}} rows',
  batches_one: '{{count}} batch',
  batches_other: '{{count}} batches',
  cut: 'The first {{count}} are shown.',
} as const
