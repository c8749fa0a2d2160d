// Light or dark: as the system has it, or as the button says.

import { byId, remember, remembered } from './dom.js'

const prefersDark = matchMedia('(prefers-color-scheme: dark)')

function theme(next) {
  const root = document.documentElement
  if (next) root.dataset.theme = next
  else delete root.dataset.theme
}

theme(remembered('theme', null))
byId('theme').onclick = () => {
  const dark = document.documentElement.dataset.theme ? document.documentElement.dataset.theme === 'dark' : prefersDark.matches
  const next = dark ? 'light' : 'dark'
  theme(next)
  remember('theme', next)
}
