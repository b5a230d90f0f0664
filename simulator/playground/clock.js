// Purpose: the clock in the top bar, and moving it.

import { api } from './api.js';
import { el, emit, formatTime, icon, now, on, withBusy } from './state.js';

export const JUMPS = [[60000, '1 min'], [600000, '10 min'], [3600000, '1 h'], [86400000, '1 day']];

export function mountClock(root) {
  const face = el('span', { class: 'clock-face', testid: 'clock-now', title: 'The simulated time' });
  const buttons = JUMPS.map(([ms, label]) => {
    const button = el('button', { type: 'button', class: 'jump-time', testid: `advance-${ms}`, 'aria-label': `Fast-forward ${label}` }, `+${label}`);
    button.addEventListener('click', () => advance(ms, button));
    return button;
  });
  root.append(icon('clock'), face, el('div', { class: 'jumps' }, buttons));
  const draw = () => {
    face.textContent = formatTime(now(), 'clock');
  };
  on('clock', draw);
  on('tick', draw);
  draw();
}

export function advance(ms, button) {
  return withBusy(button, async () => {
    document.documentElement.dataset.busy = 'clock';
    try {
      emit('advanced', await api.advance(ms));
    } finally {
      delete document.documentElement.dataset.busy;
    }
  });
}
