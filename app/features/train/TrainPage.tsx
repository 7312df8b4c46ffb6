import { useTranslation } from 'react-i18next'
import { Page } from '../../components/Page.tsx'
import { useRun } from '../../stores/context.tsx'
import { VerificationNotice } from '../device/VerificationNotice.tsx'
import { RecipeForm } from './RecipeForm.tsx'
import { RunBoard } from './RunBoard.tsx'
import { RunHead } from './RunHead.tsx'
import { SamplesPanel } from './SamplesPanel.tsx'
import { SavedRuns } from './SavedRuns.tsx'
import { StartPanel } from './StartPanel.tsx'
import classes from './TrainPage.module.css'

/** The recipe and its plan; once started, the same page is the run. */
export function TrainPage() {
  const { t } = useTranslation()
  const idle = useRun((run) => run.status === 'idle')
  if (!idle) {
    return (
      <Page title={t('train.liveTitle')}>
        <VerificationNotice />
        <RunHead />
        <RunBoard />
      </Page>
    )
  }
  return (
    <Page title={t('train.title')} lead={t('train.lead')}>
      <VerificationNotice />
      <SavedRuns />
      <div className={classes.columns}>
        <div className={classes.recipe}>
          <RecipeForm />
          <SamplesPanel />
        </div>
        <div className={classes.plan}>
          <StartPanel />
        </div>
      </div>
    </Page>
  )
}
