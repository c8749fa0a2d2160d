// The zone editor alone: a picture of the video, zones drawn on it, and the file that keeps them.

import './icons.js'
import './theme.js'
import { brief, byId, setText, toast } from './dom.js'
import { ask, send } from './link.js'
import { Picture } from './picture.js'
import { arrange } from './stage.js'
import { ZoneEditor } from './zones.js'

const POLL = 2000 // milliseconds between two looks at whether the file has changed, and bgsub is there

let clip = null
let saving = Promise.resolve()
let unsaved = 0
let finished = false
let shown = null
let wanted = null
let loading = false

const picture = new Picture(0, 'Picture of the video')
const zones = new ZoneEditor(save, () => document.body.classList.toggle('drawing', zones.drawing), failed)

function failed(error) {
  toast(error.message, 'bad')
  if (clip) told()
}

function state(kind, words) {
  byId('saved').className = `link ${kind}`
  setText(byId('saved').lastElementChild, words)
}

function told(words) {
  const n = zones.zones.length
  state(words || clip.mark ? 'good' : '', words ?? (clip.mark ? `${n} ${n === 1 ? 'zone' : 'zones'} in ${clip.file}` : 'Nothing drawn yet'))
}

// One after the other: each says which zones it replaces.
async function save(_, list) {
  const [height, width] = picture.size
  unsaved += 1
  state('', 'Saving')
  const turn = saving.then(async () => {
    clip.mark = (await send('/api/zones', { zones: { bgsub_zones: 1, height, width, zones: list }, mark: clip.mark })).mark
  })
  saving = turn.catch(() => {})
  try { await turn } finally { unsaved -= 1 }
  if (!unsaved) told(`Saved to ${clip.file}`)
}

async function look() {
  const before = clip?.mark
  try {
    const now = await ask('/api/clip')
    notice('')
    byId('all').inert = false
    if (!clip) begin(now)
    else if (!unsaved && !zones.dragging && clip.mark === before && now.mark !== before) {
      Object.assign(clip, { mark: now.mark })
      zones.past = []
      zones.told(now.zones)
      told()
      toast(`${brief(clip.file)} was changed elsewhere; this is what it holds now`)
    }
  } catch (error) {
    byId('all').inert = true
    if (!finished) notice(error.message === 'No connection to bgsub.' ? 'bgsub was stopped. What was saved is in the file.' : error.message)
  }
  if (!finished) setTimeout(look, POLL)
}

function notice(words) {
  byId('notice').hidden = !words
  setText(byId('notice'), words)
}

function begin(now) {
  clip = now
  picture.size = [clip.height, clip.width]
  document.title = `${brief(clip.name)} · bgsub zones`
  setText(byId('clip'), brief(clip.name))
  byId('grid').replaceChildren(picture.frame)
  byId('sheets').replaceChildren(zones.node)
  zones.attach(picture, clip.zones, clip.thresholds)
  zones.show(true)
  byId('done').disabled = false
  if (clip.seconds) slider()
  layout()
  told()
  show(clip.at)
}

function slider() {
  const range = byId('at')
  Object.assign(range, { max: clip.seconds, step: Math.max(1 / clip.frame_rate, clip.seconds / 2000), value: clip.at })
  range.oninput = () => show(Number(range.value))
  byId('when').hidden = false
}

function clock(seconds) {
  const [minutes, rest] = [Math.floor(seconds / 60), seconds % 60]
  return `${minutes}:${rest.toFixed(1).padStart(4, '0')}`
}

// Always the newest that is wanted; those between are passed over.
async function show(at) {
  wanted = at
  setText(byId('clock'), clock(at))
  byId('at').style.setProperty('--at', clip.seconds ? at / clip.seconds : 0)
  if (loading) return
  loading = true
  while (shown !== wanted) {
    shown = wanted
    try {
      await load(shown)
    } catch (error) {
      failed(error)
    }
  }
  loading = false
}

async function load(at) {
  const response = await fetch(`/api/picture.jpg?at=${at}`)
  if (!response.ok) throw new Error((await response.json()).error)
  await picture.picture(at, await response.blob())
}

function layout() {
  if (!clip) return
  arrange(byId('grid'), [picture])
  picture.fit()
}

async function done() {
  byId('done').disabled = true
  zones.cancel()
  await saving
  try {
    await send('/api/done', {})
  } catch (error) {
    byId('done').disabled = false
    return failed(error)
  }
  finished = true
  byId('all').inert = true
  document.body.classList.add('finished')
  notice(clip.mark ? `Done: the zones are in ${clip.file}. This page can be closed.` : 'Done: nothing was drawn. This page can be closed.')
  state('', 'Ended')
  return undefined
}

document.addEventListener('keydown', event => {
  if (event.target.closest('input:not([type=range])')) return
  if ((event.ctrlKey || event.metaKey) && event.key === 'z') zones.drawing ? zones.back() : zones.undo()
  else if (event.key === 'Escape') zones.cancel()
  else if (event.key === 'Enter' && !event.target.closest('button, summary')) zones.finish()
  else if (event.key === 'Backspace' && zones.drawing) zones.back()
  else return
  event.preventDefault()
})
picture.frame.addEventListener('click', event => { if (zones.drawing) zones.add(event) })
byId('done').onclick = done
new ResizeObserver(layout).observe(byId('grid').parentElement)
window.addEventListener('resize', layout)
look()
