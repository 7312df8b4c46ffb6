import { StudioError } from './errors.ts'

/** Browsers refuse to keep more with an error that has a name and no words; every other error stays what it is. */
export function storageError(error: unknown): unknown {
  if (!(error instanceof Error) || error.name !== 'QuotaExceededError') return error
  return new StudioError(
    'storage/full',
    'the browser has no more room for this page: the disk is full, or as much of it as a page may use',
    { hint: 'Free space on the disk, or delete runs that are no longer needed.', cause: error },
  )
}
