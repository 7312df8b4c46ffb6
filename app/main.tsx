import '@mantine/core/styles.css'
import '@mantine/notifications/styles.css'
import './theme/palette.css'
import './theme/global.css'
import './i18n/setup.ts'
import { MantineProvider } from '@mantine/core'
import { Notifications } from '@mantine/notifications'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from './App.tsx'
import { ErrorBoundary } from './components/ErrorBoundary.tsx'
import { connectEngine } from './engine.ts'
import { BlockedPage } from './features/device/BlockedPage.tsx'
import { browserObstacle } from './features/device/browser-support.ts'
import { ScreenFailed } from './frame/ScreenFailed.tsx'
import { onLeaving } from './leaving.ts'
import { StudioProvider } from './stores/context.tsx'
import { goldenFiles } from './stores/golden-files.ts'
import { createHistory } from './stores/history.ts'
import { indexedDbEntries } from './stores/history-entries.ts'
import { lockLiveness } from './stores/history-liveness.ts'
import { storagePermanence } from './stores/history-permanence.ts'
import { createStudio } from './stores/studio.ts'
import { createVerification } from './stores/verification.ts'
import { theme } from './theme/theme.ts'

const obstacle = browserObstacle({ isSecureContext: window.isSecureContext, hasWebGpu: 'gpu' in navigator })
const root = document.getElementById('root')
if (!root) throw new Error('index.html has no element #root')

createRoot(root).render(
  <StrictMode>
    <MantineProvider theme={theme} defaultColorScheme="auto">
      <Notifications position="bottom-right" />
      <ErrorBoundary fallback={(error, place) => <ScreenFailed error={error} place={place} />}>
        {obstacle ? <BlockedPage obstacle={obstacle} error={null} /> : studioElement()}
      </ErrorBoundary>
    </MantineProvider>
  </StrictMode>,
)

/** One engine and one studio for the life of the page, made outside of React, which may draw twice. */
function studioElement() {
  const history = createHistory({
    entries: indexedDbEntries('nibble-runs'),
    liveness: lockLiveness(navigator.locks),
    permanence: storagePermanence(navigator.storage),
  })
  void history.open()
  const engine = connectEngine((reason) => studio.engineCrashed(reason.toJSON()))
  const verification = createVerification(engine, {
    entries: indexedDbEntries('nibble-devices'),
    browser: navigator.userAgent,
    build: import.meta.env.ENGINE_BUILD,
    golden: goldenFiles,
  })
  const studio = createStudio(engine, history, verification)
  onLeaving(() => studio.keepNow())
  void studio.begin()
  return (
    <StudioProvider studio={studio}>
      <App />
    </StudioProvider>
  )
}
