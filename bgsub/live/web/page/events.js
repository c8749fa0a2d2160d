// What has happened since the page was opened, in words.

import { el, percent } from './dom.js'

const KEPT = 100
const WORDS = {
  motion_start: event => `Motion begins${event.zone ? ` in ${event.zone}` : ''}`,
  motion_end: event => `Motion ends${event.zone ? ` in ${event.zone}` : ''}`,
  scene_change: event => `The whole scene has changed (${event.change}${event.share ? `, ${percent(event.share)}` : ''}); it is learned anew`,
  connection_lost: event => `The picture is lost${event.words ? `: ${event.words}` : ''}`,
  connection_found: () => 'The picture is back',
  model_restarted: event => `Frames are ${event.width}x${event.height} now; the model begins anew`,
}

export class EventList {
  constructor() {
    this.last = new Map()
    this.list = el('ol', {})
    this.empty = el('p', { class: 'lead' }, 'Nothing has happened since this page was opened. Motion, changes of the whole '
      + 'scene and lost connections will be listed here.')
    this.node = el('div', { class: 'events' }, this.empty, this.list)
  }

  // The newest event of a source; true if it is a new one.
  told(number, name, event, several) {
    const key = event && `${event.clock} ${event.kind} ${event.frame} ${event.zone}`
    const before = this.last.get(number)
    this.last.set(number, key)
    if (!event || key === before || before === undefined) return false
    const when = event.clock ? new Date(event.clock).toLocaleTimeString() : `${event.time.toFixed(1)} s`
    this.list.prepend(el('li', { class: event.kind }, el('time', {}, when),
      el('span', {}, several && el('b', {}, `${name} `), WORDS[event.kind]?.(event) ?? event.kind)))
    while (this.list.children.length > KEPT) this.list.lastChild.remove()
    this.empty.hidden = true
    return true
  }
}
