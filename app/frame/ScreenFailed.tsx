import { Button, Group, Title } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { errorToData } from '../../src/util/errors.ts'
import { Failure } from '../components/Failure.tsx'

/** In place of a page that could not be drawn. */
export function ScreenFailed({ error, place }: { error: Error; place: string }) {
  const { t } = useTranslation()
  const data = errorToData(error)
  const details = [data.details, place].filter(Boolean).join('\n')
  return (
    <>
      <Title order={1} mb="md">
        {t('blocked.screen.title')}
      </Title>
      <Failure title={t('blocked.screen.why')} error={{ ...data, details }} />
      <Group mt="md">
        <Button onClick={() => location.reload()}>{t('app.reload')}</Button>
      </Group>
    </>
  )
}
