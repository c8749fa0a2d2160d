// The drawings on buttons, for all pages: #i-name.

const SYMBOLS = `
<symbol id="i-pause" viewBox="0 0 20 20"><path d="M6.5 4v12M13.5 4v12"/></symbol>
<symbol id="i-play" viewBox="0 0 20 20"><path d="M6 3.8v12.4L16 10z"/></symbol>
<symbol id="i-step" viewBox="0 0 20 20"><path d="M5 4v12l7.5-6zM15.5 4v12"/></symbol>
<symbol id="i-freeze" viewBox="0 0 20 20"><path d="M10 2.5v15M3.5 6.25l13 7.5M3.5 13.75l13-7.5M7.6 3.4 10 5.6l2.4-2.2M7.6 16.6 10 14.4l2.4 2.2M3.1 8.9l3.1-.9-.8-3.2M16.9 11.1l-3.1.9.8 3.2M3.1 11.1l3.1.9-.8 3.2M16.9 8.9l-3.1-.9.8-3.2"/></symbol>
<symbol id="i-reset" viewBox="0 0 20 20"><path d="M4.2 8.2A6.2 6.2 0 1 1 4 11.6M4 3.6v4.8h4.8"/></symbol>
<symbol id="i-snapshot" viewBox="0 0 20 20"><path d="M3 6.2h3L7.4 4h5.2L14 6.2h3v9.6H3z"/><circle cx="10" cy="10.7" r="2.9"/></symbol>
<symbol id="i-record" viewBox="0 0 20 20"><circle cx="10" cy="10" r="5.4" class="fill"/></symbol>
<symbol id="i-stop" viewBox="0 0 20 20"><rect x="5.2" y="5.2" width="9.6" height="9.6" rx="1" class="fill"/></symbol>
<symbol id="i-save" viewBox="0 0 20 20"><path d="M10 3v9.5M6.2 9 10 12.8 13.8 9M3.8 16.2h12.4"/></symbol>
<symbol id="i-solo" viewBox="0 0 20 20"><path d="M3.5 7.5v-4h4M12.5 3.5h4v4M16.5 12.5v4h-4M7.5 16.5h-4v-4"/></symbol>
<symbol id="i-theme" viewBox="0 0 20 20"><circle cx="10" cy="10" r="6.5"/><path d="M10 3.5v13a6.5 6.5 0 0 0 0-13z" class="fill"/></symbol>
<symbol id="i-keys" viewBox="0 0 20 20"><rect x="2.5" y="5" width="15" height="10" rx="1.6"/><path d="M5.5 8h.01M8.5 8h.01M11.5 8h.01M14.5 8h.01M5.5 12h.01M14.5 12h.01M8 12h4"/></symbol>
<symbol id="i-bin" viewBox="0 0 20 20"><path d="M4 5.5h12M8 5.5V3.6h4v1.9M5.6 5.5l.7 11h7.4l.7-11M8.6 8.5v5M11.4 8.5v5"/></symbol>
<symbol id="i-undo" viewBox="0 0 20 20"><path d="M7.5 4 3.6 7.8l3.9 3.8M4 7.8h7.2a4.4 4.4 0 0 1 0 8.8H7"/></symbol>
<symbol id="i-include" viewBox="0 0 20 20"><path d="M3.5 6.5 9 3l7.5 4-1.5 8.5-9.5 1z" class="tint"/></symbol>
<symbol id="i-exclude" viewBox="0 0 20 20"><path d="M3.5 6.5 9 3l7.5 4-1.5 8.5-9.5 1z"/><path d="M5.6 13.4 13.4 5.4"/></symbol>`

const sheet = document.createElementNS('http://www.w3.org/2000/svg', 'svg')
sheet.setAttribute('hidden', '')
sheet.innerHTML = SYMBOLS
document.body.append(sheet)
