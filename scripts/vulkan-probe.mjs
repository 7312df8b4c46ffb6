/** Prints what Dawn calls this process's default adapter; fails where there is none that gives a device. */
import { create, globals } from 'webgpu'

Object.assign(globalThis, globals)
const adapter = await create([]).requestAdapter()
const device = await adapter?.requestDevice()
if (adapter) process.stdout.write(adapter.info.description || adapter.info.device || adapter.info.vendor)
process.exit(device ? 0 : 1)
