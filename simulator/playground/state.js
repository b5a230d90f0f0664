// Purpose: what the page knows (people, servers, messages, clock), and the small helpers every part shares.

/** Everything the page knows. Parts read it and listen for topics; only app.js writes what came from the server. */
export const state = {
  loaded: false,
  meId: null,
  users: [],
  guilds: [],
  guildId: null,
  channelId: null,
  /** the person's own conversation with the bot, when there is one */
  dm: null,
  worker: { url: '', reachable: true },
  clock: { base: Date.now(), at: performance.now() },
  /** channel id → messages, oldest first, as the current person sees them */
  messages: new Map(),
  /** guild id → application commands */
  commands: new Map(),
  /** channel id → local rows: something sent and not answered, or an answer that never came */
  notes: new Map(),
  /** interaction id → the whole command this page sent; Discord's metadata names only its first word */
  usedNames: new Map(),
};

// ---- topics ------------------------------------------------------------------------------------------------

const listeners = new Map();

/** Topics: world, messages, notes, channel, clock, tick, answer, toast, happened, open-tab, drawer, fill, person. */
export function on(topic, listener) {
  if (!listeners.has(topic)) listeners.set(topic, new Set());
  listeners.get(topic).add(listener);
}

export function emit(topic, detail) {
  for (const listener of listeners.get(topic) ?? []) listener(detail);
}

export const toast = (text, tone = 'error') => emit('toast', { text, tone });

/** Runs something that talks to the simulator while its button is busy; says what went wrong. */
export async function withBusy(button, work) {
  button.disabled = true;
  button.classList.add('busy');
  button.setAttribute('aria-busy', 'true');
  try {
    return await work();
  } catch (error) {
    toast(error.message);
    return undefined;
  } finally {
    button.disabled = false;
    button.classList.remove('busy');
    button.removeAttribute('aria-busy');
  }
}

// ---- storage that may be refused -----------------------------------------------------------------------------

export const store = {
  get(key, fallback) {
    try {
      const text = localStorage.getItem(`muster-playground.${key}`);
      return text === null ? fallback : JSON.parse(text);
    } catch {
      return fallback;
    }
  },
  set(key, value) {
    try {
      localStorage.setItem(`muster-playground.${key}`, JSON.stringify(value));
    } catch {
      // A browser that refuses storage still shows the page; only preferences are forgotten.
    }
  },
};

// ---- DOM -----------------------------------------------------------------------------------------------------

/**
 * Builds an element. `class`, `text`, `testid`, `on` ({event: listener}) and `data` are special;
 * booleans set or leave out an attribute; everything else becomes an attribute.
 */
export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (key === 'class') node.className = value;
    else if (key === 'text') node.textContent = value;
    else if (key === 'testid') node.dataset.testid = value;
    else if (key === 'on') for (const [event, listener] of Object.entries(value)) node.addEventListener(event, listener);
    else if (key === 'data') Object.assign(node.dataset, value);
    else if (key === 'value') node.value = value;
    else node.setAttribute(key, value === true ? '' : String(value));
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** What stands above a panel. */
export const heading = (title, text) => el('header', { class: 'panel-head' }, el('h2', {}, title), text ? el('p', { class: 'quiet' }, text) : null);

const SVG = 'http://www.w3.org/2000/svg';

function svg(tag, attributes, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, String(value));
  node.append(...children);
  return node;
}

const SPRITE = '/playground/icons.svg';
let prefix = `${SPRITE}#`;

/** Takes the icons into the page, so that they are there when the simulator is not. */
export async function keepIcons() {
  try {
    const text = await (await fetch(SPRITE)).text();
    const sprite = document.importNode(new DOMParser().parseFromString(text, 'image/svg+xml').documentElement, true);
    for (const symbol of sprite.querySelectorAll('symbol')) symbol.id = `icon-${symbol.id}`;
    sprite.setAttribute('class', 'sr');
    sprite.setAttribute('aria-hidden', 'true');
    document.body.append(sprite);
    prefix = '#icon-';
  } catch {
    // Without them every icon is fetched by itself, which looks the same.
  }
}

/** An icon of icons.svg; decoration only, so hidden from screen readers. */
export function icon(name) {
  return svg('svg', { class: 'icon', 'aria-hidden': 'true', viewBox: '0 0 20 20', focusable: 'false' }, svg('use', { href: `${prefix}${name}` }));
}

function hash(text) {
  let value = 2166136261;
  for (const char of String(text)) value = Math.imul(value ^ char.codePointAt(0), 16777619);
  return value >>> 0;
}

const HUES = [8, 28, 44, 92, 118, 150, 200, 222, 262, 292, 322, 344];

/** Somebody's picture: here, everywhere, or a drawn one for who has none. */
export function avatar(user, size = 'm') {
  const address = member(user.id)?.avatar_url ?? state.users.find((one) => one.id === user.id)?.avatar_url;
  return address
    ? el('img', { class: `avatar avatar-${size}`, src: address, alt: '', draggable: 'false' })
    : drawnAvatar(user, size);
}

/** A drawn avatar: a tint and two shapes picked from the id, with the person's initials (or the bot's mark). */
function drawnAvatar(user, size) {
  const seed = hash(`${user.username}:${user.id}`);
  // Neighbours in the list of people get hues far apart; strangers to it fall back to their id.
  const place = state.users.findIndex((one) => one.id === user.id);
  const hue = user.bot ? 186 : HUES[(place < 0 ? seed : place * 5 + 2) % HUES.length];
  const name = displayName(user);
  const words = name.replace(/[^\p{L}\p{N} ._-]/gu, '').split(/[ ._-]+/).filter(Boolean);
  const initials = ((words[0]?.[0] ?? '?') + (words[1]?.[0] ?? words[0]?.[1] ?? '')).toUpperCase();
  const back = svg('rect', { width: 40, height: 40, fill: `hsl(${hue} 46% 42%)` });
  const shapes = [
    svg('circle', { cx: 6 + (seed >> 4) % 28, cy: 4 + (seed >> 8) % 10, r: 15, fill: `hsl(${(hue + 24) % 360} 55% 50%)`, opacity: 0.55 }),
    svg('circle', { cx: 4 + (seed >> 12) % 32, cy: 38, r: 13, fill: `hsl(${(hue + 340) % 360} 48% 30%)`, opacity: 0.5 }),
  ];
  const marks = user.bot
    ? [[20, 10], [29.5, 17], [26, 28], [14, 28], [10.5, 17]].map(([cx, cy]) => svg('circle', { cx, cy, r: 3.6, fill: '#fff' }))
    : [svg('text', { x: 20, y: 25.5, 'text-anchor': 'middle', fill: '#fff', 'font-size': 15, 'font-weight': 650 }, initials)];
  return svg('svg', { class: `avatar avatar-${size}`, viewBox: '0 0 40 40', 'aria-hidden': 'true', focusable: 'false' }, back, ...shapes, ...marks);
}

// ---- people, roles, channels ---------------------------------------------------------------------------------

export const guild = (id = state.guildId) => state.guilds.find((one) => one.id === id);
/** Every channel the person sees, the conversation with the bot included. */
export const channels = () => [...state.guilds.flatMap((one) => one.channels), ...(state.dm ? [state.dm] : [])];
export const channel = (id = state.channelId) => channels().find((one) => one.id === id);
export const me = () => user(state.meId);
export const member = (userId, guildId = state.guildId) => guild(guildId)?.members.find((one) => one.user.id === userId);
export const role = (id, guildId = state.guildId) => guild(guildId)?.roles.find((one) => one.id === id);

export function user(id) {
  return state.users.find((one) => one.id === id)
    ?? state.guilds.flatMap((one) => one.members).find((one) => one.user.id === id)?.user;
}

export function displayName(someone) {
  return someone?.global_name || someone?.username || 'Unknown person';
}

/** The roles of a member, highest first, without @everyone (whose id is the server's). */
export function rolesOf(userId, guildId = state.guildId) {
  const ids = member(userId, guildId)?.roles ?? [];
  return (guild(guildId)?.roles ?? [])
    .filter((one) => ids.includes(one.id) && one.id !== guildId)
    .sort((a, b) => b.position - a.position);
}

/** Who somebody is here, in words. */
export function standing(someone) {
  const owner = someone.id === guild()?.owner_id;
  const names = rolesOf(someone.id).map((one) => one.name).filter(Boolean);
  if (owner && !names.includes('Owner')) names.unshift('Owner');
  return names.length ? names.slice(0, 3).join(', ') : member(someone.id) ? 'No roles' : 'Not in this server';
}

export const css = (number) => (number ? `#${Number(number).toString(16).padStart(6, '0')}` : null);

/** The colour a member's name is shown in: that of the highest role that has one. */
export function nameColour(userId) {
  return css(rolesOf(userId).find((one) => one.color)?.color);
}

/** Puts a role or embed colour on an element, as a custom property, so that both themes can soften it. */
export function tint(node, colour, property = '--tint') {
  if (colour) {
    node.style.setProperty(property, colour);
    node.classList.add('tinted');
  }
  return node;
}

function snowflakeMs(id) {
  try {
    return Number((BigInt(id) >> 22n) + 1420070400000n);
  } catch {
    return 0;
  }
}

export function later(a, b) {
  try {
    return BigInt(a) > BigInt(b);
  } catch {
    return String(a) > String(b);
  }
}

// ---- clock ---------------------------------------------------------------------------------------------------

export const now = () => state.clock.base + (performance.now() - state.clock.at);

export function setClock(value) {
  const base = typeof value === 'number' ? value : Date.parse(value);
  if (!Number.isFinite(base)) return;
  state.clock = { base, at: performance.now() };
  emit('clock');
}

const language = navigator.language?.startsWith('en') ? navigator.language : 'en-GB';
const STYLES = {
  t: { timeStyle: 'short' }, T: { timeStyle: 'medium' },
  d: { dateStyle: 'short' }, D: { dateStyle: 'long' },
  f: { dateStyle: 'long', timeStyle: 'short' }, F: { dateStyle: 'full', timeStyle: 'short' },
  clock: { weekday: 'short', day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' },
  s: { dateStyle: 'short', timeStyle: 'short' }, S: { dateStyle: 'short', timeStyle: 'medium' },
};
const formats = new Map();

export function formatTime(ms, style = 'f') {
  if (style === 'R') return relative(ms);
  const key = STYLES[style] ? style : 'f';
  if (!formats.has(key)) formats.set(key, new Intl.DateTimeFormat(language, STYLES[key]));
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? 'an unreadable time' : formats.get(key).format(date);
}

const relativeFormat = new Intl.RelativeTimeFormat(language, { numeric: 'always' });
/** Each unit with how many of it make the next one. */
const UNITS = [['second', 60], ['minute', 60], ['hour', 24], ['day', 30], ['month', 12], ['year', Infinity]];

/** "in 10 minutes": rounded, in the largest unit that holds one. */
export function relative(ms) {
  const difference = Math.round((ms - now()) / 1000);
  let amount = Math.abs(difference);
  for (const [unit, next] of UNITS) {
    if (amount < next) return relativeFormat.format(difference < 0 ? -amount : amount, unit);
    amount = Math.max(1, Math.round(amount / (unit === 'month' ? 12.17 : next)));
  }
  return '';
}

/** A `<time>` that keeps itself right: app.js refreshes every `[data-relative]` once a second. */
export function timeNode(ms, style = 'f', className = 'stamp') {
  const date = new Date(ms);
  return el('time', {
    class: className,
    datetime: Number.isNaN(date.getTime()) ? undefined : date.toISOString(),
    title: formatTime(ms, 'F'),
    'data-relative': style === 'R' ? ms : undefined,
    text: formatTime(ms, style),
  });
}

/** When an account was made: told, or read from its id. */
export const createdMs = (someone) => Date.parse(someone?.created_at ?? '') || snowflakeMs(someone?.id);

export function ageInWords(someone) {
  const days = Math.max(0, Math.floor((now() - createdMs(someone)) / 86400000));
  if (Number.isNaN(days)) return 'of unknown age';
  if (days < 1) return 'created today';
  if (days < 60) return `${days} ${days === 1 ? 'day' : 'days'} old`;
  if (days < 730) return `${Math.floor(days / 30)} months old`;
  return `${Math.floor(days / 365)} years old`;
}

// ---- unread and pings ----------------------------------------------------------------------------------------

const reads = store.get('reads', {});
let baseline = store.get('baseline', null);

/** Whatever was there when the page first met this simulator counts as read. */
export function setBaseline(force = false) {
  if (baseline && !force) return;
  const ids = [...state.messages.values()].flat().map((one) => one.id);
  baseline = ids.reduce((top, id) => (later(id, top) ? id : top), '0');
  store.set('baseline', baseline);
}

/** Whether a message came after the page first met this simulator. */
export const isRecent = (id) => later(id, baseline ?? '0');

export function forgetReads() {
  for (const key of Object.keys(reads)) delete reads[key];
  baseline = null;
  store.set('reads', reads);
}

const lastRead = (userId, channelId) => reads[userId]?.[channelId] ?? baseline ?? '0';

export function markRead(channelId = state.channelId) {
  const last = (state.messages.get(channelId) ?? []).at(-1);
  if (!last || !state.meId || document.hidden) return;
  if (!later(last.id, lastRead(state.meId, channelId))) return;
  reads[state.meId] = { ...reads[state.meId], [channelId]: last.id };
  store.set('reads', reads);
}

export function mentions(message, userId) {
  if (message.author?.id === userId || message.ephemeral_for) return false;
  if (userId === state.meId && typeof message.pinged_me === 'boolean') return message.pinged_me;
  if (message.mention_everyone) return true;
  if ((message.mentions ?? []).some((one) => one.id === userId)) return true;
  const held = member(userId)?.roles ?? [];
  return (message.mention_roles ?? []).some((id) => held.includes(id));
}

export function unread(channelId, userId = state.meId) {
  const since = lastRead(userId, channelId);
  const fresh = (state.messages.get(channelId) ?? [])
    .filter((one) => later(one.id, since) && one.author?.id !== userId && !(one.ephemeral_for && one.ephemeral_for !== userId));
  return { count: fresh.length, pings: fresh.filter((one) => mentions(one, userId)).length };
}

/** Pings a person has not seen, over all channels the page has read. */
export function pingsOf(userId) {
  return [...state.messages.keys()].reduce((sum, id) => sum + unread(id, userId).pings, 0);
}

// ---- local rows ----------------------------------------------------------------------------------------------

let noteCount = 0;

export function addNote(note) {
  const full = { id: `note-${++noteCount}`, channel: state.channelId, user: state.meId, at: now(), ...note };
  state.notes.set(full.channel, [...(state.notes.get(full.channel) ?? []), full]);
  emit('notes', full.channel);
  return full;
}

export function removeNote(note) {
  state.notes.set(note.channel, (state.notes.get(note.channel) ?? []).filter((one) => one.id !== note.id));
  emit('notes', note.channel);
}
