/** `act` comes when the page is hidden or goes away: the last moments at which a browser lets it do anything. */
export function onLeaving(act: () => void): void {
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'hidden') act()
  })
  window.addEventListener('pagehide', act)
}
