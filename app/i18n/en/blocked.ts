export const blocked = {
  lead: 'Nibble Studio computes on your graphics card through WebGPU, and that is not possible here yet.',
  tryAgain: 'Try again',
  said: 'What the engine reported',
  insecure: {
    title: 'This page needs a secure address',
    why: 'Browsers offer WebGPU only on https:// addresses and on this very computer, and the page came from {{origin}}.',
    do: [
      'On the computer that serves the studio, open http://localhost or http://127.0.0.1 with the same port.',
      'Or serve the folder over https.',
    ],
  },
  'no-webgpu': {
    title: 'This browser has no WebGPU',
    why: 'The page looked for navigator.gpu and did not find it.',
    do: [
      'Use Chrome or Edge 121 or newer on a desktop computer.',
      'On Linux, open chrome://flags/#enable-unsafe-webgpu, choose “Enabled” and restart the browser; the flag “Vulkan” may be needed too.',
      'If it is Chrome already: open chrome://gpu and look at the line “WebGPU”.',
    ],
  },
  'no-adapter': {
    title: 'The browser found no graphics card it may use',
    why: 'WebGPU is there, but it offered no adapter: the driver is missing, too old, or on the browser’s block list.',
    do: [
      'Turn on “Use graphics acceleration when available” in the browser’s settings under System, and restart it.',
      'Open chrome://gpu: “Problems Detected” says why. Updating the graphics driver solves most of them.',
      'On Linux, open chrome://flags and enable “Unsafe WebGPU Support” and “Vulkan”.',
      'On a remote desktop or in a virtual machine there may be no graphics card at all.',
    ],
  },
  'engine-failed': {
    title: 'The engine could not start',
    why: 'The graphics card was found, but setting it up failed.',
    do: [
      'Close other tabs and programs that use the graphics card, then try again.',
      'Restart the browser: after a driver crash it may refuse WebGPU until then.',
      'Open chrome://gpu and see whether WebGPU is “Hardware accelerated”.',
    ],
  },
  'engine-crashed': {
    title: 'The engine has stopped unexpectedly',
    why: 'The part of the page that computes ended with an error. A run that was going on can go on from where it was last saved; your files are untouched.',
    do: [
      'Reload the page to start the engine again.',
      'If it happens again with the same model and settings, a smaller batch or shorter rows need less memory.',
    ],
  },
  screen: {
    title: 'This page has failed to draw itself',
    why: 'That is a fault of the studio, not of your files. Reloading brings it back; a run that was going on can then go on from where it was last saved.',
  },
} as const
