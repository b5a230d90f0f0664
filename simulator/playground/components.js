// Purpose: buttons, select menus and layout components (Components V2) inside messages, and the pickers they share.

import { api } from './api.js';
import { emojiNode, link, markdown, safeUrl } from './markdown.js';
import { addNote, avatar, css, displayName, el, emit, guild, icon, rolesOf, state, tint } from './state.js';

/** Presses under way, as `message:custom_id`, so that a re-drawn message still shows its spinner. */
export const pressing = new Set();
/** message id → why its last press failed. */
export const failures = new Map();

const STYLE = { 1: 'primary', 2: 'secondary', 3: 'success', 4: 'danger', 5: 'link', 6: 'secondary' };

// ---- pressing ------------------------------------------------------------------------------------------------

async function press(message, component, values) {
  const key = `${message.id}:${component.custom_id}`;
  if (pressing.has(key)) return;
  const origin = { kind: 'component', user: state.meId, channel: state.channelId, message, component, values };
  pressing.add(key);
  failures.delete(message.id);
  emit('messages', origin.channel);
  try {
    const answer = await api.component({ user: origin.user, message: message.id, custom_id: component.custom_id, ...(values ? { values } : {}) });
    emit('answer', { answer, origin });
  } catch (error) {
    emit('answer', { answer: { kind: 'error', error: error.message }, origin });
  } finally {
    pressing.delete(key);
    emit('messages', origin.channel);
  }
}

// ---- images --------------------------------------------------------------------------------------------------

function isLocal(address) {
  if (/^data:image\/(png|jpeg|gif|webp)[;,]/i.test(address)) return true;
  try {
    const url = new URL(address, location.href);
    return /^https?:$/.test(url.protocol) && (url.origin === location.origin || ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname));
  } catch {
    return false;
  }
}

/** The page loads nothing from elsewhere: an outside picture is shown as a card one may open. */
export function image(address, { alt = '', className = 'picture', attachments = [] } = {}) {
  const named = /^attachment:\/\/(.+)$/.exec(address ?? '');
  const url = named ? attachments.find((one) => one.filename === named[1])?.url ?? '' : address ?? '';
  if (isLocal(url)) return el('img', { class: className, src: url, alt, loading: 'lazy' });
  let host = 'no address';
  try {
    host = new URL(url).hostname;
  } catch {
    host = named?.[1] ?? host;
  }
  const card = el('span', { class: `${className} picture-away`, title: alt || url }, icon('image'), el('span', {}, alt || `Picture on ${host}`));
  return safeUrl(url) ? link(url, card) : card;
}

// ---- message components --------------------------------------------------------------------------------------

function button(component, message) {
  const busy = pressing.has(`${message.id}:${component.custom_id}`);
  const children = [
    component.emoji ? emojiNode(component.emoji) : null,
    component.label ? el('span', {}, component.label) : null,
  ];
  if (component.style === 5) {
    const href = safeUrl(component.url);
    return el('a', { class: 'btn btn-link', href: href ?? undefined, target: '_blank', rel: 'noopener noreferrer', 'aria-disabled': href ? undefined : 'true' }, children, icon('out'));
  }
  return el('button', {
    type: 'button',
    class: `btn btn-${STYLE[component.style] ?? 'secondary'}${busy ? ' busy' : ''}`,
    testid: `button-${component.custom_id}`,
    'data-custom-id': component.custom_id,
    'aria-label': component.label ? undefined : component.emoji?.name ?? 'Button',
    'aria-busy': busy ? 'true' : undefined,
    disabled: component.disabled || !component.custom_id,
    on: { click: () => press(message, component) },
  }, children);
}

function selectInMessage(component, message) {
  return selectMenu(component, {
    busy: pressing.has(`${message.id}:${component.custom_id}`),
    label: component.placeholder || 'Choose',
    onPick: (values) => press(message, component, values),
  });
}

const SELECTS = { 3: 'string', 5: 'user', 6: 'role', 7: 'mentionable', 8: 'channel' };

/** The components of a message, in order. */
export function renderComponents(components, message) {
  return (components ?? []).map((one) => render(one, message));
}

function render(component, message) {
  const attachments = message.attachments ?? [];
  if (SELECTS[component.type]) return selectInMessage(component, message);
  switch (component.type) {
    case 1:
      return el('div', { class: 'action-row', role: 'group', 'aria-label': 'Actions' }, renderComponents(component.components, message));
    case 2:
      return button(component, message);
    case 9:
      return el('div', { class: 'cv-section' },
        el('div', { class: 'cv-section-text' }, renderComponents(component.components, message)),
        component.accessory ? el('div', { class: 'cv-accessory' }, render(component.accessory, message)) : null);
    case 10:
      return el('div', { class: 'cv-text' }, markdown(component.content));
    case 11:
      return veiled(component.spoiler, image(component.media?.url, { alt: component.description ?? '', className: 'thumb', attachments }));
    case 12:
      return el('div', { class: `gallery gallery-${Math.min(component.items?.length ?? 1, 3)}` },
        (component.items ?? []).map((item) => veiled(item.spoiler, image(item.media?.url, { alt: item.description ?? '', attachments }))));
    case 13: {
      const name = component.name ?? component.file?.url?.replace(/^attachment:\/\//, '') ?? 'file';
      const found = attachments.find((one) => one.filename === name) ?? { filename: name, size: component.size, url: component.file?.url };
      return attachment(found);
    }
    case 14:
      return component.divider === false
        ? el('div', { class: `gap gap-${component.spacing ?? 1}` })
        : el('hr', { class: `rule rule-${component.spacing ?? 1}` });
    case 17: {
      const box = el('div', { class: 'cv-container' }, renderComponents(component.components, message));
      return veiled(component.spoiler, tint(box, css(component.accent_color)));
    }
    default:
      return el('div', { class: 'unknown' }, `A component of type ${component.type}, which this page cannot draw.`);
  }
}

function veiled(spoiler, node) {
  if (!spoiler) return node;
  const veil = el('button', { type: 'button', class: 'veil' }, 'Spoiler: show');
  const box = el('div', { class: 'veiled' }, node, veil);
  veil.addEventListener('click', () => {
    box.classList.add('shown');
    veil.remove();
  });
  return box;
}

export function attachment(file) {
  const size = file.size ? ` · ${file.size < 10240 ? `${file.size} bytes` : `${Math.round(file.size / 1024)} KB`}` : '';
  const href = safeUrl(file.url);
  return el('a', { class: 'attachment', href: href ?? undefined, download: file.filename, testid: `attachment-${file.filename}` },
    icon('file'), el('span', { class: 'attachment-name' }, file.filename), el('span', { class: 'quiet' }, `Download${size}`));
}

// ---- pickers -------------------------------------------------------------------------------------------------

const CHANNEL_ICON = { 1: 'smile', 2: 'voice', 4: 'folder', 5: 'megaphone', 11: 'thread', 12: 'thread', 13: 'voice', 15: 'forum' };
export const channelIcon = (type) => CHANNEL_ICON[type] ?? 'hash';

function userChoices() {
  return (guild()?.members ?? []).map(({ user }) => ({
    value: user.id, label: displayName(user), hint: `@${user.username}`, mark: () => avatar(user, 's'), colour: css(rolesOf(user.id)[0]?.color),
  }));
}

function roleChoices() {
  return [...(guild()?.roles ?? [])].sort((a, b) => b.position - a.position).map((one) => ({
    value: one.id, label: one.name.startsWith('@') ? one.name : `@${one.name}`, hint: 'Role', mark: () => tint(el('span', { class: 'dot' }), css(one.color) ?? '#8a8f98'),
  }));
}

function channelChoices(types) {
  return (guild()?.channels ?? []).filter((one) => (types?.length ? types.includes(one.type) : one.type !== 4)).map((one) => ({
    value: one.id, label: one.name, hint: guild().channels.find((up) => up.id === one.parent_id)?.name ?? '', mark: () => icon(channelIcon(one.type)),
  }));
}

/** What may be picked for a kind: user, role, mentionable or channel. */
export function entityChoices(kind, channelTypes) {
  if (kind === 'user') return userChoices();
  if (kind === 'role') return roleChoices();
  if (kind === 'mentionable') return [...userChoices(), ...roleChoices()];
  return channelChoices(channelTypes);
}

export function matching(choices, text) {
  const needle = text.trim().toLowerCase().replace(/^[@#]/, '');
  if (!needle) return choices;
  const starts = (one) => String(one.label).toLowerCase().replace(/^[@#]/, '').startsWith(needle);
  return choices.filter((one) => `${one.label} ${one.hint ?? ''}`.toLowerCase().includes(needle))
    .sort((a, b) => Number(starts(b)) - Number(starts(a)));
}

/** One row of a listbox: mark, label, hint. */
export function choiceRow(choice, { id, active, selected, testid, multiple = false } = {}) {
  return el('li', {
    id, role: 'option', class: `choice${active ? ' active' : ''}`, testid,
    'aria-selected': selected || (active && !multiple) ? 'true' : 'false',
  },
  choice.mark?.() ?? null,
  el('span', { class: 'choice-text' }, el('span', { class: 'choice-label' }, choice.label), choice.hint ? el('span', { class: 'choice-hint' }, choice.hint) : null),
  selected ? icon('check') : null);
}

let menuCount = 0;

/**
 * A select menu, used in messages and in modals. With one value it picks at once; with several
 * it picks when it closes. `onPick(values)` hears the result.
 */
export function selectMenu(component, { onPick, busy = false, label = 'Choose', testid = `select-${component.custom_id}` } = {}) {
  const kind = SELECTS[component.type];
  const min = component.min_values ?? 1;
  const max = component.max_values ?? 1;
  const many = max > 1;
  const choices = kind === 'string'
    ? (component.options ?? []).map((one) => ({ value: one.value, label: one.label, hint: one.description, mark: one.emoji ? () => emojiNode(one.emoji) : undefined }))
    : entityChoices(kind, component.channel_types);
  let values = kind === 'string'
    ? (component.options ?? []).filter((one) => one.default).map((one) => one.value)
    : (component.default_values ?? []).map((one) => one.id);
  const face = el('span', { class: 'select-face' });
  const opener = el('button', {
    type: 'button', class: `select${busy ? ' busy' : ''}`, testid, 'data-custom-id': component.custom_id,
    'aria-haspopup': 'listbox', 'aria-expanded': 'false', 'aria-busy': busy ? 'true' : undefined, disabled: component.disabled,
  }, face, icon('down'));

  const drawFace = () => {
    const names = values.map((value) => choices.find((one) => one.value === value)?.label ?? value);
    face.textContent = names.length ? names.join(', ') : component.placeholder || label;
    face.classList.toggle('quiet', names.length === 0);
    opener.setAttribute('aria-label', `${label}: ${names.join(', ') || 'nothing chosen'}`);
  };
  drawFace();

  const open = () => openMenu(opener, {
    choices, values: [...values], many, max, search: kind !== 'string' || choices.length > 10, label, testid,
    done(next, changed) {
      if (!changed) return;
      if (next.length < min) {
        emit('toast', { text: `Choose at least ${min}.`, tone: 'warn' });
        return;
      }
      values = next;
      drawFace();
      onPick?.([...values]);
    },
  });
  opener.addEventListener('click', open);
  opener.addEventListener('keydown', (event) => {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      open();
    }
  });
  const box = el('div', { class: 'select-box' }, opener);
  box.values = () => [...values];
  return box;
}

function openMenu(opener, { choices, values, many, max, search, label, testid, done }) {
  const prefix = `menu-${++menuCount}`;
  const before = values.join('\n');
  let shown = choices;
  let active = Math.max(0, choices.findIndex((one) => values.includes(one.value)));
  const listbox = el('ul', { class: 'choices', role: 'listbox', id: `${prefix}-list`, tabindex: search ? undefined : 0, 'aria-label': label, 'aria-multiselectable': many ? 'true' : undefined });
  const field = search ? el('input', { class: 'input menu-search', type: 'text', placeholder: 'Search', role: 'combobox', 'aria-expanded': 'true', 'aria-controls': `${prefix}-list`, 'aria-label': `Search: ${label}`, autocomplete: 'off' }) : null;
  const finish = many ? el('button', { type: 'button', class: 'btn btn-primary menu-done', testid: `${testid}-done`, on: { click: () => close(true) } }, 'Done') : null;
  const menu = el('div', { class: 'menu', popover: 'manual', testid: `${testid}-menu` }, field, listbox, finish);
  (opener.closest('dialog') ?? document.body).append(menu);
  const focusable = field ?? listbox;

  const draw = () => {
    listbox.replaceChildren(...shown.map((one, index) => {
      const row = choiceRow(one, { id: `${prefix}-${index}`, active: index === active, selected: values.includes(one.value), multiple: true, testid: `select-option-${one.value}` });
      row.addEventListener('click', () => pick(index));
      return row;
    }));
    if (shown.length === 0) listbox.append(el('li', { class: 'choice-empty', role: 'presentation' }, choices.length ? 'Nothing matches.' : 'There is nothing to choose from.'));
    focusable.setAttribute('aria-activedescendant', shown[active] ? `${prefix}-${active}` : '');
    listbox.children[active]?.scrollIntoView({ block: 'nearest' });
  };
  const outside = (event) => {
    if (!menu.contains(event.target) && !opener.contains(event.target)) close(true);
  };
  let closed = false;
  function close(commit, always = false) {
    if (closed) return;
    closed = true;
    document.removeEventListener('pointerdown', outside, true);
    window.removeEventListener('resize', drop);
    menu.remove();
    opener.setAttribute('aria-expanded', 'false');
    const anchor = opener.isConnected ? opener : document.querySelector(`[data-testid="${CSS.escape(testid)}"]`);
    anchor?.focus();
    done(values, commit && (always || values.join('\n') !== before));
  }
  const drop = () => close(false);
  function pick(index) {
    const choice = shown[index];
    if (!choice) return;
    active = index;
    if (!many) {
      values = [choice.value];
      close(true, true);
      return;
    }
    if (values.includes(choice.value)) values = values.filter((value) => value !== choice.value);
    else if (values.length < max) values = [...values, choice.value];
    else emit('toast', { text: `At most ${max} can be chosen.`, tone: 'warn' });
    draw();
  }
  menu.addEventListener('keydown', (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && shown.length) {
      active = (active + step + shown.length) % shown.length;
      draw();
    } else if (event.key === 'Enter' || (event.key === ' ' && !field)) {
      if (event.target === finish) return;
      pick(active);
    } else if (event.key === 'Escape') {
      close(false);
    } else if (event.key === 'Tab') {
      if (many && event.target !== finish && !event.shiftKey) return;
      close(true);
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  });
  field?.addEventListener('input', () => {
    shown = matching(choices, field.value);
    active = 0;
    draw();
  });
  menu.showPopover();
  place(menu, opener);
  opener.setAttribute('aria-expanded', 'true');
  document.addEventListener('pointerdown', outside, true);
  window.addEventListener('resize', drop);
  draw();
  focusable.focus();
}

/** Puts a top-layer box under its opener, or above when there is more room there. */
export function place(menu, opener) {
  const at = opener.getBoundingClientRect();
  const below = window.innerHeight - at.bottom - 12;
  const above = at.top - 12;
  const up = below < 260 && above > below;
  const width = Math.min(Math.max(at.width, 240), window.innerWidth - 16);
  const left = Math.max(8, Math.min(at.left, window.innerWidth - width - 8));
  menu.style.width = `${width}px`;
  menu.style.left = `${left}px`;
  menu.style.maxHeight = `${Math.min(360, up ? above : below)}px`;
  if (up) menu.style.bottom = `${window.innerHeight - at.top + 4}px`;
  else menu.style.top = `${at.bottom + 4}px`;
}

/** A failed press is said under its message; when the message is gone, as a row of its own. */
export function pressFailed(origin, text) {
  const known = (state.messages.get(origin.channel) ?? []).some((one) => one.id === origin.message.id);
  if (known) failures.set(origin.message.id, text);
  else addNote({ kind: 'error', channel: origin.channel, user: origin.user, text, command: origin.component.label ?? 'a button' });
  emit('messages', origin.channel);
}
