// How large the pictures are: as large as fits without scrolling, if the window is wide; else in two columns, on a
// phone in one.

const GAP = 16
const NARROW_GAP = 6
const NARROWEST = 480 // pixels of two columns
const AROUND = 66 // pixels of a tile above and below its picture
const LOWEST = 180 // of a picture, before the page is scrolled instead

export function arrange(grid, tiles) {
  const style = getComputedStyle(grid)
  const width = grid.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight)
  const wide = matchMedia('(min-width: 60rem)').matches
  const below = [...grid.parentElement.children].filter(node => node !== grid)
    .reduce((sum, node) => sum + node.offsetHeight + 12, 0)
  const height = window.innerHeight - grid.getBoundingClientRect().top - window.scrollY - below - 28
  const aspect = Math.max(...tiles.map(tile => tile.aspect))
  let best = { columns: 1, width }
  if (wide) {
    best = { columns: 1, width: 0 }
    for (let columns = 1; columns <= tiles.length; columns++) {
      const rows = Math.ceil(tiles.length / columns)
      const across = (width - GAP * (columns - 1)) / columns
      const high = Math.max(LOWEST, (height - GAP * (rows - 1)) / rows - AROUND)
      const fits = Math.min(across, high * aspect)
      if (fits > best.width) best = { columns, width: fits }
    }
  } else if (tiles.length > 1 && width >= NARROWEST) best = { columns: 2, width: (width - (width > 560 ? GAP : NARROW_GAP)) / 2 }
  grid.style.gridTemplateColumns = `repeat(${best.columns}, ${Math.floor(best.width)}px)`
}
