import { Text } from '@mantine/core'
import { IconFileDownload, type IconProps } from '@tabler/icons-react'
import type { ComponentType, ReactNode } from 'react'
import { useDropzone } from 'react-dropzone'
import classes from './DropArea.module.css'

interface DropAreaProps {
  title: string
  help: string
  activeTitle: string
  disabled?: boolean
  multiple?: boolean
  /** For the file dialogue only; what is dropped is checked where it is used, so that the answer can be a good one. */
  accept?: string
  icon?: ComponentType<IconProps>
  onFiles: (files: File[]) => void
  /** Buttons that open a dialogue; they get `open` for plain files. */
  children?: (open: () => void) => ReactNode
}

/** A large target for files. The whole area takes a drop; the buttons inside are the way by keyboard. */
export function DropArea(props: DropAreaProps) {
  const {
    title,
    help,
    activeTitle,
    disabled = false,
    multiple = true,
    icon: Icon = IconFileDownload,
    onFiles,
  } = props
  const { getRootProps, getInputProps, isDragActive, open } = useDropzone({
    onDropAccepted: (files) => onFiles([...files]),
    disabled,
    multiple: true,
    noClick: true,
    noKeyboard: true,
  })
  return (
    <div
      {...getRootProps({ className: classes.area, role: undefined, tabIndex: undefined })}
      data-active={isDragActive || undefined}
      data-disabled={disabled || undefined}
    >
      <input {...getInputProps({ 'aria-label': title, accept: props.accept, multiple, tabIndex: -1 })} />
      <Icon size={26} stroke={1.5} aria-hidden className={classes.icon} />
      <div className={classes.words}>
        <Text fw={600}>{isDragActive ? activeTitle : title}</Text>
        <Text size="sm" c="var(--nibble-ink-soft)">
          {help}
        </Text>
      </div>
      {props.children && <div className={classes.buttons}>{props.children(open)}</div>}
    </div>
  )
}
