import { Anchor, Text } from '@mantine/core'
import { useEffect } from 'react'
import { useTranslation } from 'react-i18next'
import { Link, Route, Router, Switch } from 'wouter'
import { useHashLocation } from 'wouter/use-hash-location'
import { ErrorBoundary } from './components/ErrorBoundary.tsx'
import { Page } from './components/Page.tsx'
import { DataPage } from './features/data/DataPage.tsx'
import { BlockedPage } from './features/device/BlockedPage.tsx'
import { DevicePage } from './features/device/DevicePage.tsx'
import { HomePage } from './features/home/HomePage.tsx'
import { ModelPage } from './features/model/ModelPage.tsx'
import { PlaygroundPage } from './features/playground/PlaygroundPage.tsx'
import { QuantizationPage } from './features/quantization/QuantizationPage.tsx'
import { RunPage } from './features/runs/RunPage.tsx'
import { RunsPage } from './features/runs/RunsPage.tsx'
import { TrainPage } from './features/train/TrainPage.tsx'
import { Frame } from './frame/Frame.tsx'
import { ScreenFailed } from './frame/ScreenFailed.tsx'
import { useDevice, useStudio } from './stores/context.tsx'
import { isLive } from './stores/run.ts'

/** The studio on its screen. Routes live in the fragment, so that any static server can serve them. */
export function App() {
  const status = useDevice((device) => device.status)
  const obstacle = useDevice((device) => device.obstacle)
  const error = useDevice((device) => device.error)
  useLeaveGuard()
  if (status === 'blocked' && obstacle) return <BlockedPage obstacle={obstacle} error={error} />
  return (
    <Router hook={useHashLocation}>
      <Frame>
        <ErrorBoundary fallback={(failure, place) => <ScreenFailed error={failure} place={place} />}>
          <Switch>
            <Route path="/" component={HomePage} />
            <Route path="/model" component={ModelPage} />
            <Route path="/data" component={DataPage} />
            <Route path="/train" component={TrainPage} />
            <Route path="/playground" component={PlaygroundPage} />
            <Route path="/quantization" component={QuantizationPage} />
            <Route path="/runs" component={RunsPage} />
            <Route path="/runs/:id">{({ id }) => <RunPage key={id} id={id} />}</Route>
            <Route path="/device" component={DevicePage} />
            <Route component={NotFound} />
          </Switch>
        </ErrorBoundary>
      </Frame>
    </Router>
  )
}

function NotFound() {
  const { t } = useTranslation()
  return (
    <Page title={t('app.notFound')}>
      <Text>
        {t('app.notFoundHelp')}{' '}
        <Anchor component={Link} href="/" underline="always">
          {t('app.toOverview')}
        </Anchor>
      </Text>
    </Page>
  )
}

/** A closed tab ends a run: the browser asks once before it lets go. */
function useLeaveGuard() {
  const { stores } = useStudio()
  useEffect(() => {
    const guard = (event: BeforeUnloadEvent) => {
      if (isLive(stores.run.getState().status)) event.preventDefault()
    }
    window.addEventListener('beforeunload', guard)
    return () => window.removeEventListener('beforeunload', guard)
  }, [stores])
}
