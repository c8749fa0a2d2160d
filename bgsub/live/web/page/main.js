// The page: what is chosen and shown, and who is told of it.

import './icons.js'
import './theme.js'
import { Chart } from './chart.js'
import { brief, byId, el, milliseconds, percent, remember, remembered, setText, toast } from './dom.js'
import { EventList } from './events.js'
import { get, Link, post } from './link.js'
import { Pixel } from './pixel.js'
import { arrange } from './stage.js'
import { GONE, Tile } from './tile.js'
import { Tools } from './tools.js'
import { Tune } from './tune.js'
import { ZoneEditor } from './zones.js'

const SHEETS = { tune: 'Tune', pixel: 'Pixel', zones: 'Zones', events: 'Events' }
const STALE = 120 // seconds of history that are kept

let sources = []
let tiles = []
let views = []
let selected = 0
let solo = false
let view = remembered('view', 'overlay')
let sheet = remembered('sheet', 'tune')
let down = true

const charts = [
  new Chart('Foreground', 'found', row => row[1], percent, 0.01),
  new Chart('Time of the model', 'accent', row => row[2], milliseconds, 5),
]
const tune = new Tune(async (name, value, all) => {
  const numbers = all ? sources.map((_, i) => i) : [selected]
  await Promise.all(numbers.map(number => post(number, 'set', { name, value })))
}, failed)
const pixel = new Pixel((source, row, col) => get(source, 'pixel', { row, col }))
const zones = new ZoneEditor(saveZones, () => document.body.classList.toggle('drawing', zones.drawing), failed)
const events = new EventList()
const tools = new Tools(order, () => `/api/sources/${selected}/picture.png?view=${view}`)

const link = new Link({
  up() {
    lost(false)
    state('good', 'Connected')
  },
  down(words) {
    if (!down || !byId('notice').textContent) setText(byId('notice'), `${words} Trying again…`) // the first reason is the true one
    lost(true)
    state('bad', 'Disconnected')
  },
  overview(told) {
    const same = sources.length && told.sources.map(s => s.name).join('\n') === sources.map(s => s.name).join('\n')
    sources = told.sources
    views = told.views
    if (!views.some(one => one.name === view)) view = 'overlay'
    if (!same) build()
    else sources.forEach((source, i) => { source.zones && tiles[i].drawZones(source.zones) })
    select(Math.min(selected, sources.length - 1))
    told.sources.forEach((source, i) => update(i, { status: source.status, history: [], events: source.events }))
  },
  status(told) {
    told.sources.forEach((news, i) => update(i, news))
    state('good', told.viewers > 1 ? `Connected, ${told.viewers} watching` : 'Connected')
    if (sheet === 'pixel') pixel.refresh()
  },
  picture: (number, shownView, index, clock, blob) => tiles[number]?.picture(index, blob) ?? Promise.resolve(),
})

function lost(yes) {
  down = yes
  document.body.classList.toggle('down', yes)
  byId('notice').hidden = !yes
  if (!yes) setText(byId('notice'), '')
  for (const id of ['tools', 'sheets']) byId(id).inert = yes && tiles.length > 0
}

function state(kind, words) {
  byId('link').className = `link ${kind}`
  setText(byId('link').lastElementChild, words)
}

function build() {
  tiles = sources.map((source, i) => new Tile(i, source.name, { select, solo: toggleSolo, point }))
  byId('grid').replaceChildren(...tiles.map(tile => tile.node))
  byId('views').replaceChildren(...views.map((one, i) => el('button', {
    role: 'radio', 'data-view': one.name, title: `${one.title} (${i + 1})`, onclick: () => show(one.name),
  }, one.title)))
  byId('charts').replaceChildren(...charts.map(chart => chart.node))
  document.body.classList.toggle('several', sources.length > 1)
  if (sources.length === 1) document.title = `${brief(sources[0].name)} · bgsub live`
  sources.forEach((source, i) => tiles[i].drawZones(source.zones))
  show(view)
}

function update(i, news) {
  const source = sources[i]
  source.status = news.status
  const rows = [...source.history, ...news.history]
  source.history = rows.filter(row => row[0] > rows.at(-1)[0] - STALE)
  if (news.history.length) source.anchor = { row: news.history.at(-1)[0], at: performance.now() }
  if (news.zones) {
    source.zones = news.zones
    if (i === selected) zones.heard(news.zones)
    else tiles[i].drawZones(news.zones)
  }
  if (tiles[i].status(news.status)) {
    layout()
    tiles[i].drawZones(source.zones)
  }
  events.told(i, brief(source.name), news.events, sources.length > 1)
  if (news.status.note && source.note !== undefined && news.status.note !== source.note) toast(news.status.note)
  source.note = news.status.note
  if (i === selected) showSelected(source)
}

function showSelected(source) {
  tools.told(source.status)
  tune.told(source.status.values)
  const anchor = source.anchor ?? { row: source.history.at(-1)?.[0] ?? 0, at: performance.now() }
  const now = anchor.row + (performance.now() - anchor.at) / 1000
  const gone = GONE.includes(source.status.state)
  charts[0].set(source.history, now, gone)
  charts[1].set(source.history, now, gone, source.status.frame_rate ? 1000 / source.status.frame_rate : null)
}

function select(number) {
  const before = selected
  selected = number
  tiles.forEach((tile, i) => tile.node.classList.toggle('selected', i === number))
  tune.build(sources[number], sources.length > 1)
  zones.attach(tiles[number], sources[number].zones, sources[number].thresholds)
  zones.show(sheet === 'zones')
  byId('whose').hidden = sources.length < 2
  setText(byId('whose'), brief(sources[number].name))
  if (before !== number) {
    tools.forget()
    tiles[before]?.drawCross(null)
    pixel.nothing()
    if (solo) layout()
  }
  showSelected(sources[number])
}

function show(name) {
  view = name
  remember('view', name)
  for (const button of byId('views').children) {
    const on = button.dataset.view === name
    button.setAttribute('aria-checked', String(on))
    if (on) button.scrollIntoView({ block: 'nearest', inline: 'nearest' })
  }
  tiles.forEach(tile => tile.show(name))
  layout()
}

function toggleSolo(number) {
  solo = sources.length > 1 && !(solo && selected === number)
  if (number !== selected) select(number)
  layout()
}

function layout() {
  if (!tiles.length) return
  const shown = solo ? [tiles[selected]] : tiles
  tiles.forEach(tile => { tile.node.hidden = !shown.includes(tile) })
  document.body.classList.toggle('solo', solo)
  arrange(byId('grid'), shown)
  tiles.forEach(tile => tile.fit())
  ask()
}

// Stream what can be seen, in the size in which it is.
function ask() {
  const dots = Math.min(window.devicePixelRatio || 1, 2)
  const wanted = document.hidden ? [] : tiles.filter(tile => !tile.node.hidden)
    .map(tile => [tile.number, view, Math.ceil(tile.frame.clientWidth * dots / tile.halves)])
  if (JSON.stringify(wanted) !== JSON.stringify(link.wanted)) link.show(wanted)
}

async function point(number, row, col, event) {
  if (zones.drawing) return number === selected && zones.add(event)
  if (number !== selected) return select(number)
  if (sheet === 'zones') return undefined
  open('pixel')
  tiles[number].drawCross({ row, col })
  return pixel.look(number, row, col)
}

async function saveZones(tile, list) {
  const [height, width] = tile.size
  const told = await post(tile.number, 'zones', { bgsub_zones: 1, height, width, zones: list })
  sources[tile.number].zones = list
  toast(told.file ? `Saved to ${told.file}` : 'Zones hold until bgsub ends')
}

async function order(what, body) {
  try {
    await post(selected, what, body)
  } catch (error) {
    failed(error)
  }
}

function failed(error) {
  if (!down) toast(error.message, 'bad')
}

function open(name) {
  if (sheet !== name && sheet === 'pixel') tiles[selected]?.drawCross(null)
  sheet = name
  remember('sheet', name)
  for (const tab of byId('tabs').querySelectorAll('[role=tab]')) {
    const on = tab.dataset.sheet === name
    tab.setAttribute('aria-selected', String(on))
    byId(`sheet-${tab.dataset.sheet}`).hidden = !on
  }
  zones.show(name === 'zones')
}

function keys() {
  const list = [
    ['1 … 6, or p m o c b v', 'views'], ['Space', 'pause, and go on'], ['n', 'next frame, and pause'],
    ['f', 'stop learning, and learn again'], ['x', 'forget all that was learned'],
    ['s', 'snapshot, on the machine where bgsub runs'], ['r', 'record, and stop'], ['Tab', 'next control'],
    ['g', 'all sources, or one'], ['Esc', 'stop drawing a zone'],
  ]
  byId('keys').replaceChildren(el('h2', {}, 'Keys'),
    el('dl', {}, list.flatMap(([key, words]) => [el('dt', {}, key), el('dd', {}, words)])),
    el('form', { method: 'dialog' }, el('button', { class: 'main' }, 'Close')))
  byId('keys').showModal()
}

const DO = {
  ' ': () => tools.press('pause'), n: () => tools.press('step'), f: () => tools.press('freeze'), x: () => tools.press('reset'),
  s: () => tools.press('snapshot'), r: () => tools.press('record'), g: () => toggleSolo(selected), h: keys, '?': keys,
  Escape: () => zones.cancel(), Enter: () => zones.finish(), Backspace: () => zones.drawing && zones.back(),
}
const LETTERS = { p: 'picture', m: 'mask', o: 'overlay', c: 'cutout', b: 'background', v: 'versus' }

document.addEventListener('keydown', event => {
  const inside = event.target.closest('input:not([type=range]):not([type=checkbox]), select, dialog')
  if (inside || event.ctrlKey || event.metaKey || event.altKey) return
  if ([' ', 'Enter'].includes(event.key) && event.target.closest('button, summary, a, input')) return
  const named = LETTERS[event.key] ?? views[Number(event.key) - 1]?.name
  if (named) show(named)
  else if (DO[event.key]) {
    event.preventDefault()
    DO[event.key]()
  }
})

byId('help').onclick = keys
byId('tabs').append(...Object.entries(SHEETS).map(([name, title]) => el('button', {
  role: 'tab', id: `tab-${name}`, 'data-sheet': name, 'aria-controls': `sheet-${name}`, onclick: () => open(name),
}, title)))
byId('sheets').append(...Object.entries({ tune, pixel, zones, events }).map(([name, part]) => el('section', {
  role: 'tabpanel', id: `sheet-${name}`, 'aria-labelledby': `tab-${name}`, hidden: true,
}, part.node)))
byId('tools').append(...tools.nodes)
open(sheet in SHEETS ? sheet : 'tune')
new ResizeObserver(layout).observe(byId('grid').parentElement)
window.addEventListener('resize', layout)
document.addEventListener('visibilitychange', ask)
