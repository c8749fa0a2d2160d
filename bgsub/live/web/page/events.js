// What has happened, in words: the last events of all sources, the newest first.

import { el, percent } from './dom.js'

const KEPT = 100
const REMEMBERED = 20000 // events that are not taken for new ones when they come again
const WORDS = {
  motion_start: event => `Motion begins${event.zone ? ` in ${event.zone}` : ''}`,
  motion_end: event => `Motion ends${event.zone ? ` in ${event.zone}` : ''}`,
  scene_change: event => `The whole scene has changed (${event.change}${event.share ? `, ${percent(event.share)}` : ''}); it is learned anew`,
  connection_lost: event => `${event.frame ? 'The picture is lost' : 'No picture yet'}${event.words ? `: ${event.words}` : ''}`,
  connection_found: event => `The picture is ${event.frame ? 'back' : 'there'}`,
  model_restarted: event => `Frames are ${event.width}x${event.height} now; the model begins anew`,
}

const when = event => event.clock ? new Date(event.clock).toLocaleTimeString() : `${event.time.toFixed(1)} s`

export class EventList {
  constructor() {
    this.known = new Set()
    this.list = el('ol', {})
    this.empty = el('p', { class: 'lead' }, 'Nothing has happened yet. Motion, changes of the whole scene and lost '
      + 'connections will be listed here.')
    this.node = el('div', { class: 'events' }, this.empty, this.list)
  }

  // Events of a source; after a reconnection some come again.
  told(number, name, events, several) {
    for (const event of events) {
      const key = `${number} ${event.number} ${event.clock ?? event.time}`
      if (this.known.has(key)) continue
      this.known.add(key)
      this.place(event, el('li', { class: event.kind }, el('time', {}, when(event)),
        el('span', {}, several && el('b', {}, `${name} `), WORDS[event.kind]?.(event) ?? event.kind)))
    }
    if (this.known.size > 2 * REMEMBERED) this.known = new Set([...this.known].slice(-REMEMBERED))
    this.empty.hidden = this.list.children.length > 0
  }

  // By the time at which they happened: of several sources, each comes with a history of its own.
  place(event, node) {
    node.dataset.at = event.clock ? Date.parse(event.clock) : 1000 * event.time
    const older = [...this.list.children].find(other => Number(other.dataset.at) <= Number(node.dataset.at))
    this.list.insertBefore(node, older ?? null)
    while (this.list.children.length > KEPT) this.list.lastChild.remove()
  }
}
