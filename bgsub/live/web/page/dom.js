// Small helpers to make elements.

const SVG = 'http://www.w3.org/2000/svg'

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === undefined || value === null || value === false) continue
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value)
    else node.setAttribute(name, value === true ? '' : value)
  }
  node.append(...children.flat().filter(child => child !== null && child !== undefined && child !== false))
  return node
}

export const el = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children)

export const svg = (tag, attributes, ...children) => fill(document.createElementNS(SVG, tag), attributes, children)

export const icon = name => svg('svg', { 'aria-hidden': 'true' }, svg('use', { href: `#i-${name}` }))

export const byId = id => document.getElementById(id)

// An image that names something not by its text must not be rebuilt while the pointer is on it, so only what changes.
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text
}

export function remember(name, value) {
  try { localStorage.setItem(`bgsub-${name}`, JSON.stringify(value)) } catch { /* private windows may refuse */ }
}

export function remembered(name, otherwise) {
  try { return JSON.parse(localStorage.getItem(`bgsub-${name}`)) ?? otherwise } catch { return otherwise }
}

export function percent(share) {
  const value = 100 * share
  return `${value === 0 ? '0' : value < 0.095 ? value.toFixed(2) : value < 9.95 ? value.toFixed(1) : value.toFixed(0)} %`
}

export const milliseconds = ms => `${ms < 9.95 ? ms.toFixed(1) : ms.toFixed(0)} ms`

// Of a file its name and folder; addresses whole.
export const brief = name => name.includes('://') ? name : name.split(/[\\/]/).slice(-2).join('/')

export const capital = text => text.charAt(0).toUpperCase() + text.slice(1)

// A word in passing, over the page.
export function toast(words, kind = '') {
  const node = el('p', { class: kind }, words)
  byId('toasts').append(node)
  while (byId('toasts').children.length > 3) byId('toasts').firstChild.remove()
  setTimeout(() => node.remove(), kind === 'bad' ? 8000 : 4500)
}
