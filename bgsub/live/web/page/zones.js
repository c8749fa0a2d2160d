// Zones: polygons drawn on the picture, in which motion counts or is ignored.

import { capital, el, icon, svg } from './dom.js'
import { Thresholds } from './thresholds.js'

const NEAR = 14 // pixels on the screen within which a click meets the first corner
const DOES = { include: 'Motion counts only here', exclude: 'Motion is ignored here' }
const SHORT = { include: 'counts', exclude: 'ignored' }

// The same for the same zones, whoever wrote them.
function text(zones) {
  return JSON.stringify(zones.map(zone => Object.entries(zone).sort(([a], [b]) => a < b ? -1 : 1)))
}

export class ZoneEditor {
  // save: (source, zones) -> promise; changed(): the drawing begins or ends
  constructor(save, changed, failed) {
    Object.assign(this, { save, changed, failed, tile: null, zones: [], draft: null, kind: 'include', past: [], open: false,
      unfolded: new Set(), sent: [] })
    this.node = el('div', { class: 'zone-editor' })
    window.addEventListener('pointermove', event => this.point(event))
  }

  // Edit the zones of this tile from now on; about: what a zone may set for itself.
  attach(tile, zones, about) {
    if (this.tile) this.tile.draft.replaceChildren()
    this.cancel()
    Object.assign(this, { tile, about, past: [], drawn: null, sent: [] })
    this.told(zones)
  }

  // What holds now: drawn elsewhere, or an echo of what was saved here, by when more may have been drawn and typed.
  heard(zones) {
    const echo = this.sent.indexOf(text(zones))
    if (echo < 0) this.past = [] // were it gone back to, what somebody else has done would be undone unseen
    this.sent = echo < 0 ? [] : this.sent.slice(echo + 1)
    if (!this.sent.length) this.told(zones)
  }

  told(zones) {
    if (this.dragging) return
    this.zones = zones
    this.drawPanel()
    this.draw()
  }

  show(open) {
    this.open = open
    if (!open) this.cancel()
    this.draw()
  }

  get drawing() {
    return this.draft !== null
  }

  begin(kind) {
    Object.assign(this, { kind, draft: [] })
    this.drawPanel()
    this.draw()
    this.changed()
  }

  cancel() {
    if (!this.drawing) return
    this.draft = null
    this.drawPanel()
    this.draw()
    this.changed()
  }

  add(event) {
    const first = this.draft[0]
    if (this.draft.length >= 3 && this.distance(first, event) < NEAR) return this.finish()
    if (this.draft.length && this.distance(this.draft.at(-1), event) < 3) return // the second half of a double click
    this.draft.push(this.tile.place(event))
    this.drawPanel()
    this.draw()
  }

  // A line from the last corner to where the next one would be.
  point(event) {
    if (!this.drawing || !this.draft.length) return
    const [[row, col], [toRow, toCol]] = [this.draft.at(-1), this.tile.place(event)]
    this.next?.setAttribute('d', `M${col} ${row}L${toCol} ${toRow}`)
  }

  back() {
    this.draft.pop()
    this.drawPanel()
    this.draw()
  }

  async finish() {
    if (!this.drawing || this.draft.length < 3) return
    const { tile, draft, kind } = this
    const points = draft.map(point => point.map(value => Math.round(value * 10) / 10))
    this.draft = null
    this.changed()
    const kept = await this.put([...this.zones, { name: this.newName(), kind, points }])
    if (kept || this.tile !== tile || !this.open || this.drawing) return
    Object.assign(this, { draft, kind }) // refused: its corners can still be taken back
    this.drawPanel()
    this.draw()
    this.changed()
  }

  newName() {
    for (let n = this.zones.length + 1; ; n++) if (!this.zones.some(zone => zone.name === `zone ${n}`)) return `zone ${n}`
  }

  distance([row, col], event) {
    const matrix = this.tile.over.getScreenCTM()
    const there = new DOMPoint(col, row).matrixTransform(matrix)
    return Math.hypot(there.x - event.clientX, there.y - event.clientY)
  }

  // Whether they were taken.
  async put(zones, undoing = false) {
    const before = this.zones
    if (!undoing) this.past.push(before)
    this.told(zones)
    const sent = text(zones)
    this.sent.push(sent)
    try {
      await this.save(this.tile, zones)
      return true
    } catch (error) {
      if (!undoing) this.past.pop()
      this.sent = this.sent.filter(one => one !== sent)
      if (this.zones === zones) this.told(before) // else others hold by now
      this.failed(error)
      return false
    }
  }

  undo() {
    if (this.past.length) this.put(this.past.pop(), true)
  }

  change(i, what) {
    const zones = this.zones.map((zone, j) => i === j ? { ...zone, ...what } : zone)
    if (this.unfolded.delete(this.zones[i].name)) this.unfolded.add(zones[i].name)
    return this.put(zones)
  }

  // The fields show what was typed in them; were they made anew, whoever types would lose his place.
  setThreshold(i, name, value) {
    const zone = { ...this.zones[i], [name]: value }
    if (value === null) delete zone[name]
    const zones = this.zones.map((other, j) => i === j ? zone : other)
    this.drawn = this.content(zones)
    return this.put(zones)
  }

  draw() {
    if (!this.tile) return
    this.tile.drawZones(this.zones)
    const handles = this.open && !this.drawing ? this.zones.flatMap((zone, i) => this.handles(zone, i)) : []
    this.tile.draft.replaceChildren(...handles, ...(this.drawing ? this.drawnSoFar() : []))
  }

  drawnSoFar() {
    const points = this.draft
    const line = points.map(([r, c]) => `${c},${r}`).join(' ')
    return [
      svg('polygon', { class: `zone drawn ${this.kind}`, points: line }),
      this.next = svg('path', { class: `next ${this.kind}` }),
      ...points.map(([r, c], i) => svg('path', { class: `corner ${this.kind} ${i === 0 && points.length > 2 ? 'first' : ''}`,
        d: `M${c} ${r}h.001` })),
    ]
  }

  handles(zone, i) {
    const found = []
    zone.points.forEach(([row, col], k) => {
      const [nextRow, nextCol] = zone.points[(k + 1) % zone.points.length]
      const middle = [(row + nextRow) / 2, (col + nextCol) / 2]
      found.push(
        svg('path', { class: `middle ${zone.kind}`, d: `M${middle[1]} ${middle[0]}h.001`,
          onpointerdown: event => this.drag(event, i, k + 1, true) }),
        svg('path', { class: `corner ${zone.kind}`, d: `M${col} ${row}h.001`,
          onpointerdown: event => this.drag(event, i, k, false), ondblclick: () => this.drop(i, k) }))
    })
    return found
  }

  drag(event, i, k, isNew) {
    event.preventDefault()
    event.stopPropagation()
    const before = this.zones
    const move = to => {
      const points = [...before[i].points]
      points.splice(k, isNew ? 0 : 1, this.tile.place(to).map(value => Math.round(value * 10) / 10))
      this.zones = before.map((zone, j) => i === j ? { ...zone, points } : zone)
      this.dragging = true
      this.draw()
    }
    const done = () => {
      window.removeEventListener('pointermove', move)
      window.removeEventListener('pointerup', done)
      window.removeEventListener('pointercancel', done)
      if (!this.dragging) return
      this.dragging = false
      const after = this.zones
      this.zones = before
      this.put(after)
    }
    window.addEventListener('pointermove', move)
    window.addEventListener('pointerup', done)
    window.addEventListener('pointercancel', done)
  }

  drop(i, k) {
    if (this.zones[i].points.length > 3) this.change(i, { points: this.zones[i].points.filter((_, j) => j !== k) })
  }

  // All that the panel shows, in one order.
  content(zones) {
    return JSON.stringify([this.drawing && this.draft.length, this.kind, text(zones.map(({ points, ...rest }) => rest))])
  }

  drawPanel() {
    const content = this.content(this.zones)
    if (this.drawn !== content) this.node.replaceChildren(this.drawing ? this.guide() : this.list())
    this.drawn = content
    this.undoButton?.toggleAttribute('disabled', !this.past.length)
  }

  guide() {
    const left = 3 - this.draft.length
    return el('div', { class: 'guide' },
      el('h2', {}, DOES[this.kind]),
      el('p', { class: 'lead' }, left > 0
        ? `Click its corners in the picture, in order around it. ${capital(['', 'one', 'two', 'three'][left])} more at least.`
        : 'Click further corners, or the first one again to close it.'),
      el('div', { class: 'row' },
        el('button', { class: 'main', disabled: left > 0, onclick: () => this.finish() }, 'Done'),
        el('button', { disabled: !this.draft.length, onclick: () => this.back() }, 'Back one corner'),
        el('button', { onclick: () => this.cancel() }, 'Cancel')))
  }

  list() {
    const lead = this.zones.length ? 'Drag corners to move them; drag the middle of an edge to add one, double-click a corner to '
      + 'drop it.' : 'The whole picture counts. Draw where motion should count, or what to leave out: a road, a tree, a screen.'
    return el('div', {},
      el('p', { class: 'lead' }, lead),
      el('div', { class: 'row' },
        el('button', { class: 'include', onclick: () => this.begin('include') }, icon('include'), 'Count here'),
        el('button', { class: 'exclude', onclick: () => this.begin('exclude') }, icon('exclude'), 'Ignore here'),
        this.undoButton = el('button', { class: 'plain', title: 'Undo', 'aria-label': 'Undo', onclick: () => this.undo() },
          icon('undo'))),
      el('ul', {}, this.zones.map((zone, i) => this.item(zone, i))))
  }

  item(zone, i) {
    const name = el('input', { type: 'text', value: zone.name, maxlength: 60, 'aria-label': 'Name',
      onchange: () => name.value.trim() ? this.change(i, { name: name.value.trim() }) : (name.value = zone.name) })
    const other = zone.kind === 'include' ? 'exclude' : 'include'
    return el('li', { class: zone.kind },
      el('div', { class: 'head' },
        el('button', { class: 'kind', title: `${DOES[zone.kind]}. Click to change.`,
          onclick: () => this.change(i, { kind: other }) }, icon(zone.kind), SHORT[zone.kind]),
        name,
        el('button', { class: 'plain', title: 'Delete', 'aria-label': `Delete ${zone.name}`,
          onclick: () => this.put(this.zones.filter((_, j) => j !== i)) }, icon('bin'))),
      zone.kind === 'include' && this.thresholds(zone, i))
  }

  thresholds(zone, i) {
    const fields = new Thresholds(this.about, zone, (name, value) => this.setThreshold(i, name, value), this.failed)
    fields.node.open = this.unfolded.has(zone.name)
    fields.node.addEventListener('toggle', () => fields.node.open ? this.unfolded.add(zone.name) : this.unfolded.delete(zone.name))
    return fields.node
  }
}
