import { createContext, type ReactNode, use } from 'react'
import { type StoreApi, useStore } from 'zustand'
import type { HistoryState } from './history.ts'
import type { PlaygroundState } from './playground-state.ts'
import type { RunState } from './run.ts'
import type { SavedRunsState } from './saved-runs.ts'
import type { DatasetState, DeviceState, InspectionState, ModelState, RecipeState } from './state.ts'
import type { Studio } from './studio.ts'
import type { VerificationState } from './verification.ts'

const StudioContext = createContext<Studio | null>(null)

export function StudioProvider({ studio, children }: { studio: Studio; children: ReactNode }) {
  return <StudioContext value={studio}>{children}</StudioContext>
}

export function useStudio(): Studio {
  const studio = use(StudioContext)
  if (!studio) throw new Error('useStudio outside of StudioProvider')
  return studio
}

export const useDevice = <T,>(select: (state: DeviceState) => T): T =>
  useStore(useStudio().stores.device, select)
export const useModel = <T,>(select: (state: ModelState) => T): T =>
  useStore(useStudio().stores.model, select)
export const useDataset = <T,>(select: (state: DatasetState) => T): T =>
  useStore(useStudio().stores.dataset, select)
export const useRecipe = <T,>(select: (state: RecipeState) => T): T =>
  useStore(useStudio().stores.recipe, select)

const ShownRunContext = createContext<StoreApi<RunState> | null>(null)

/** What is inside shows this run in place of the one that the engine is at work on. */
export function ShownRun({ run, children }: { run: StoreApi<RunState>; children: ReactNode }) {
  return <ShownRunContext value={run}>{children}</ShownRunContext>
}

export const useRun = <T,>(select: (state: RunState) => T): T => {
  const { stores } = useStudio()
  return useStore(use(ShownRunContext) ?? stores.run, select)
}
export const useHistory = <T,>(select: (state: HistoryState) => T): T =>
  useStore(useStudio().history.store, select)
export const useInspection = <T,>(select: (state: InspectionState) => T): T =>
  useStore(useStudio().stores.inspection, select)
export const usePlayground = <T,>(select: (state: PlaygroundState) => T): T =>
  useStore(useStudio().playground.store, select)
export const useSavedRuns = <T,>(select: (state: SavedRunsState) => T): T =>
  useStore(useStudio().savedRuns.store, select)
export const useVerification = <T,>(select: (state: VerificationState) => T): T =>
  useStore(useStudio().verification.store, select)
