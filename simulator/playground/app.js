// Purpose: starts the playground page, keeps it in step with the simulator, and draws its frame.
//
// Stable selectors for browser tests (data-testid):
//   person-switcher            the button that opens the list of people
//   person-option-<username>   one person in that list
//   server-<name>              a server in the rail
//   channel-<name>             a channel in the list (data-unread, data-pings; aria-current on the open one)
//   message-list               the messages; message-<id> each (data-author, data-bot, data-ephemeral, data-pinged)
//   button-<custom_id>         a button in a message (data-custom-id too)
//   select-<custom_id>         a select menu; select-option-<value> its rows; select-<custom_id>-done with several values
//   ephemeral-dismiss          "Dismiss" under an answer only one person sees
//   interaction-failed         "The application did not respond" of a command; failure-<message id> of a press
//   attachment-<filename>      a download;  react-<message id> the reaction button
//   composer                   the message box; text beginning with / opens command-palette
//   command-entry-<a-b>        a command in the palette, spaces as dashes: command-entry-giveaway-start
//   command-form               the form of a chosen command; command-option-<name> its inputs
//   command-more               the field that adds optional options; optional-<name> its rows
//   option-choice-<value>      a choice, autocomplete suggestion, person, role or channel for the focused option
//   option-error, command-send, command-cancel
//   modal                      a bot's modal; modal-input-<custom_id>, modal-field-<custom_id>, modal-submit, modal-cancel, modal-error
//   clock-now, advance-60000, advance-600000, advance-3600000, advance-86400000
//   dock-tab-guide, dock-tab-people, dock-tab-faults, dock-tab-calls, dock-tab-data
//   guide-step-1 … guide-step-6 (data-done="true|false"), guide-be-<n>, guide-fill-<n>, guide-story-<giveaway|mission>, guide-restart, guide-strip (narrow screens)
//   members-toggle, members, listed-<username> the member list beside the messages
//   add-member, new-member-name, new-member-age, member-<username>, role-<name>, leave-<username>, join-<username>
//   fault-kind, fault-route, fault-count, fault-add, fault-clear, fault-list
//   call-list, call-row (data-flagged), calls-flagged; state-dump, state-load, state-reset
//   theme-toggle, open-channels, open-tools, connection-banner, connection-retry, toasts, toast, confirm
// The page sets data-ready="true" on <html> once everything of the first person is drawn.

import { api, listen } from './api.js';
import { mountClock } from './clock.js';
import { channelIcon, place, pressFailed } from './components.js';
import { fill, mountComposer } from './composer.js';
import { forgetGuide, guideAnswer, guideMessages, mountGuideStrip } from './guide.js';
import { forgetDismissed, mountMessages, showChannel, showMessage, visibleMessages } from './messages.js';
import { openBotModal } from './modal.js';
import { mountDock, mountMembers } from './panels.js';
import {
  addNote, ageInWords, avatar, channel, channels, displayName, el, emit, forgetReads, guild, icon, keepIcons, later, markRead, me, nameColour, now, on, pingsOf,
  relative, setBaseline, setClock, standing, state, store, tint, toast, unread, user,
} from './state.js';

const at = (id) => document.getElementById(id);
const READABLE = new Set([0, 1, 2, 5, 11, 12, 13]);
let stream = null;
let retryTimer = null;
let worldText = '';

// ---- fetching ------------------------------------------------------------------------------------------------

/** Calls `work` once for any number of requests in a short while. */
function gather(work, pause = 40) {
  let timer = null;
  return () => {
    timer ??= setTimeout(() => {
      timer = null;
      work();
    }, pause);
  };
}

async function loadState() {
  const asked = state.meId;
  const world = await api.state(asked);
  if (asked !== state.meId) return;
  state.users = world.users ?? [];
  state.guilds = world.guilds ?? [];
  state.worker = world.worker ?? state.worker;
  setClock(world.now_ms ?? world.now);
  const text = JSON.stringify([state.users, state.guilds]);
  if (text !== worldText) state.version = (state.version ?? 0) + 1;
  worldText = text;
  state.dm = world.dm_channel_id ? { id: world.dm_channel_id, name: botName() ?? 'bot', type: 1, can_send: true } : null;
  const mine = myGuilds();
  if (!mine.some((one) => one.id === state.guildId)) state.guildId = mine[0]?.id ?? null;
  if (![...readable(), state.dm].some((one) => one?.id === state.channelId)) state.channelId = firstChannel();
}

const myGuilds = () => state.guilds.filter((one) => one.members.some((each) => each.user.id === state.meId));
const botName = () => {
  const bot = state.users.find((one) => one.bot);
  return bot ? displayName(bot) : null;
};
const readable = () => (guild()?.channels ?? []).filter((one) => READABLE.has(one.type));

/** The channel one was in last, or the first of these names, or any where one may write. */
function firstChannel(names = [store.get('channel', null), 'general']) {
  const list = readable().filter((one) => one.type === 0 || one.type === 5);
  const named = names.map((name) => list.find((one) => one.name === name)).find(Boolean);
  return (named ?? list.find((one) => one.can_send !== false) ?? list[0])?.id ?? null;
}

async function loadMessages(id) {
  const asked = state.meId;
  if (!id || !asked) return;
  const { messages } = await api.messages(id, asked);
  if (asked !== state.meId) return;
  state.messages.set(id, [...(messages ?? [])].sort((a, b) => (later(a.id, b.id) ? 1 : -1)));
}

async function loadCommands() {
  const [asked, where] = [state.meId, state.guildId];
  if (!where) return;
  const reply = await api.commands(where, asked);
  if (asked === state.meId) state.commands.set(where, Array.isArray(reply) ? reply : reply.commands ?? []);
}

const loadAllMessages = () => Promise.all(channels().filter((one) => READABLE.has(one.type)).map((one) => loadMessages(one.id).catch(() => {})));

async function refreshChannel(id) {
  try {
    await loadMessages(id);
  } catch (error) {
    if (error.status !== 404 && error.status !== 403 && !error.offline) toast(error.message);
    return;
  }
  guideMessages();
  emit('messages', id);
  drawChannels();
  drawPerson();
}

async function refreshWorld() {
  try {
    const before = state.channelId;
    await loadState();
    await Promise.all([loadCommands(), loadAllMessages()]);
    if (before !== state.channelId) selectChannel(state.channelId);
    drawFrame();
    emit('world');
    guideMessages();
  } catch (error) {
    if (error.status === 404) await restart();
    else if (!error.offline) toast(error.message);
  }
}

/** Another world is there: finds the same person by name in it, and begins anew. */
async function restart() {
  const name = me()?.username;
  try {
    const { users = [], guilds = [] } = await api.state();
    const people = users.filter((one) => !one.bot);
    state.meId = (people.find((one) => one.username === name) ?? people.find((one) => one.id === guilds[0]?.owner_id) ?? people[0])?.id ?? null;
    store.set('me', state.meId);
    state.notes.clear();
    state.messages.clear();
    await loadState();
    await Promise.all([loadCommands(), loadAllMessages()]);
  } catch (error) {
    toast(error.message);
    return;
  }
  forgetAll();
  setBaseline(true);
  sameWorld();
  connect();
  selectChannel(state.channelId);
  drawFrame();
  emit('world');
}

const worldSoon = gather(refreshWorld);
const calledSoon = gather(() => emit('bot-called'), 350);
const dirty = new Set();
const messagesSoon = gather(() => {
  const ids = [...dirty];
  dirty.clear();
  ids.forEach(refreshChannel);
});

function onEvent(event) {
  calledSoon();
  const where = event.channel_id ?? event.message?.channel_id;
  if (event.kind?.startsWith('message') || event.kind?.startsWith('reaction')) {
    if (where) dirty.add(where);
    else readable().forEach((one) => dirty.add(one.id));
    messagesSoon();
  } else if (event.kind === 'clock') {
    const value = event.now_ms ?? event.now;
    if (value !== undefined) setClock(value);
    else api.clock().then((reply) => setClock(reply.now_ms ?? reply.now), () => {});
  } else if (event.kind === 'state') {
    worldSoon();
  }
}

// ---- connection ----------------------------------------------------------------------------------------------

function connect() {
  stream?.close();
  let lost = false;
  stream = listen(state.meId, onEvent, (what, wait) => {
    if (what === 'open') {
      clearInterval(retryTimer);
      if (lost) refreshWorld();
      lost = false;
      showBanner();
      return;
    }
    lost = true;
    let left = Math.ceil(wait / 1000);
    const say = () => lostBanner(left);
    clearInterval(retryTimer);
    retryTimer = setInterval(() => {
      left = Math.max(0, left - 1);
      say();
    }, 1000);
    say();
  });
}

function lostBanner(left) {
  const banner = at('banner');
  const text = `The connection to the simulator is lost. ${left ? `Trying again in ${left} s.` : 'Trying again…'}`;
  if (banner.dataset.kind === 'lost') {
    banner.querySelector('span').textContent = text;
    return;
  }
  banner.dataset.kind = 'lost';
  banner.hidden = false;
  banner.replaceChildren(icon('warn'), el('span', { 'aria-live': 'off' }, text), el('button', { type: 'button', class: 'btn btn-small btn-secondary', testid: 'connection-retry', on: { click: () => stream.retry() } }, 'Try now'));
}

/** Says when the bot is away; empty while all is well. */
function showBanner() {
  const banner = at('banner');
  const away = state.loaded && state.worker.reachable === false;
  banner.dataset.kind = away ? 'worker' : '';
  banner.hidden = !away;
  banner.replaceChildren(...(away ? [icon('warn'), el('span', {}, `The bot does not answer${state.worker.url ? ` at ${state.worker.url}` : ''}. Commands and buttons will fail until it runs.`),
    el('button', { type: 'button', class: 'btn btn-small btn-secondary', testid: 'connection-retry', on: { click: refreshWorld } }, 'Check again')] : []));
}

// ---- frame ---------------------------------------------------------------------------------------------------

function drawFrame() {
  drawRail();
  drawChannels();
  drawPerson();
  if (at('banner').dataset.kind !== 'lost') showBanner();
}

function drawRail() {
  at('rail').replaceChildren(...myGuilds().map((one) => {
    const words = one.name.split(/\s+/).filter(Boolean);
    const pings = one.channels.reduce((sum, each) => sum + unread(each.id).pings, 0);
    const face = one.icon_url
      ? el('img', { class: 'server-icon', src: one.icon_url, alt: '', draggable: 'false' })
      : el('span', { 'aria-hidden': 'true' }, words.slice(0, 2).map((word) => word[0]).join('').toUpperCase());
    return el('button', {
      type: 'button', class: 'server', testid: `server-${one.name}`, title: one.name, 'aria-label': pings ? `${one.name}, ${pings} mentions` : one.name,
      'aria-current': one.id === state.guildId ? 'true' : undefined, on: { click: () => selectGuild(one.id) },
    }, face, pings && one.id !== state.guildId ? el('span', { class: 'badge' }, String(pings)) : null);
  }));
}

function channelItem(one) {
  const { count, pings } = one.id === state.channelId ? { count: 0, pings: 0 } : unread(one.id);
  const locked = one.can_send === false;
  const says = `${one.name}${pings ? `, ${pings} ${pings === 1 ? 'mention' : 'mentions'}` : count ? ', unread' : ''}${locked ? ', read only' : ''}`;
  return el('li', {}, el('button', {
    type: 'button', class: `channel${count ? ' unread' : ''}${[11, 12].includes(one.type) ? ' thread' : ''}`, testid: `channel-${one.name}`, 'aria-label': says,
    'aria-current': one.id === state.channelId ? 'page' : undefined, data: { unread: String(count), pings: String(pings) }, on: { click: () => selectChannel(one.id) },
  }, icon(channelIcon(one.type)), el('span', { class: 'channel-name' }, one.name), pings ? el('span', { class: 'badge', 'aria-hidden': 'true' }, String(pings)) : locked ? el('span', { class: 'lock', title: 'Read only' }, icon('lock')) : null));
}

function drawChannels() {
  const here = guild();
  const nav = at('channels');
  const held = nav.contains(document.activeElement) ? document.activeElement.dataset.testid : null;
  const order = (a, b) => (a.position ?? 0) - (b.position ?? 0);
  const all = here?.channels ?? [];
  const isThread = (one) => [10, 11, 12].includes(one.type);
  const list = (parent) => all.filter((one) => READABLE.has(one.type) && !isThread(one) && (one.parent_id ?? null) === parent).sort(order)
    .flatMap((one) => [channelItem(one), ...all.filter((each) => isThread(each) && each.parent_id === one.id).map(channelItem)]);
  const groups = all.filter((one) => one.type === 4).sort(order);
  const known = new Set(groups.map((one) => one.id));
  const orphans = all.filter((one) => !isThread(one) && one.type !== 4 && one.parent_id && !known.has(one.parent_id));
  nav.replaceChildren(...[
    el('h1', { class: 'server-name' }, here?.name ?? 'No server'),
    el('ul', { class: 'channel-list' }, list(null), orphans.map(channelItem)),
    ...groups.map((one) => [one, list(one.id)]).filter(([, items]) => items.length)
      .map(([one, items]) => el('section', { 'aria-label': one.name }, el('h2', { class: 'group-name' }, one.name), el('ul', { class: 'channel-list' }, items))),
    state.dm ? el('section', { 'aria-label': 'Direct messages' }, el('h2', { class: 'group-name' }, 'Direct messages'), el('ul', { class: 'channel-list' }, channelItem(state.dm))) : null,
    all.length ? null : el('p', { class: 'quiet pad' }, 'Nothing here is visible to this person.'),
  ].filter(Boolean));
  if (held) nav.querySelector(`[data-testid="${CSS.escape(held)}"]`)?.focus();
  const pings = channels().reduce((sum, one) => sum + (one.id === state.channelId && !document.hidden ? 0 : unread(one.id).pings), 0);
  document.title = `${pings ? `(${pings}) ` : ''}${channel() ? `#${channel().name} · ` : ''}Muster playground`;
}

function drawHead() {
  const here = channel();
  const held = document.activeElement?.dataset.testid === 'members-toggle';
  const shown = membersShown();
  const toggle = el('button', {
    type: 'button', class: 'icon-button members-toggle', testid: 'members-toggle', title: 'Member list', 'aria-label': 'Member list', 'aria-pressed': String(shown), 'aria-controls': 'members',
    on: {
      click: () => {
        store.set('members', !membersShown());
        drawHead();
      },
    },
  }, icon('people'));
  at('members').hidden = !shown;
  at('channel-head').replaceChildren(...(here ? [icon(channelIcon(here.type)), el('h2', {}, here.name), here.topic ? el('p', { class: 'quiet topic', title: here.topic }, here.topic) : null, toggle].filter(Boolean) : []));
  if (held) toggle.focus();
}

const membersShown = () => store.get('members', innerWidth >= 1400);

// ---- the person switcher -------------------------------------------------------------------------------------

function drawPerson() {
  const mine = me();
  const others = state.users.filter((one) => !one.bot && one.id !== state.meId).reduce((sum, one) => sum + pingsOf(one.id), 0);
  const old = at('person').firstElementChild;
  const text = mine ? [
    avatar(mine), el('span', { class: 'person-text' }, el('span', { class: 'person-line' }, el('span', { class: 'you-are' }, 'You are '), tint(el('strong', {}, displayName(mine)), nameColour(mine.id))),
      el('span', { class: 'quiet person-facts' }, `${standing(mine)} · account ${ageInWords(mine)}`)),
    others ? el('span', { class: 'badge badge-soft', title: 'Somebody else was pinged' }, String(others), el('span', { class: 'sr' }, ' pings for others')) : null, icon('down'),
  ] : [el('span', {}, 'Choose a person'), icon('down')];
  if (old) {
    old.replaceChildren(...text.filter(Boolean));
    return;
  }
  const opener = el('button', { type: 'button', class: 'person-switch', testid: 'person-switcher', 'aria-haspopup': 'menu', 'aria-expanded': 'false' }, text);
  opener.addEventListener('click', () => openPeople(opener));
  at('person').append(opener);
}

function openPeople(opener) {
  const menu = el('div', { class: 'menu people-menu', popover: 'auto', role: 'menu', 'aria-label': 'Who you are' });
  const people = state.users.filter((one) => !one.bot);
  menu.append(...people.map((one) => {
    const pings = one.id === state.meId ? 0 : pingsOf(one.id);
    return el('button', {
      type: 'button', class: 'person-row', role: 'menuitemradio', 'aria-checked': String(one.id === state.meId), testid: `person-option-${one.username}`,
      on: {
        click: () => {
          menu.hidePopover();
          becomePerson(one.id);
        },
      },
    }, avatar(one), el('span', { class: 'person-text' }, tint(el('span', { class: 'person-name' }, displayName(one)), nameColour(one.id)), el('span', { class: 'quiet' }, `${standing(one)} · account ${ageInWords(one)}`)),
    pings ? el('span', { class: 'badge' }, String(pings), el('span', { class: 'sr' }, ' pings')) : null, one.id === state.meId ? icon('check') : null);
  }));
  menu.addEventListener('keydown', (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const rows = [...menu.children];
    rows[(rows.indexOf(document.activeElement) + step + rows.length) % rows.length].focus();
  });
  menu.addEventListener('toggle', (event) => {
    opener.setAttribute('aria-expanded', String(event.newState === 'open'));
    if (event.newState === 'closed') menu.remove();
  });
  document.body.append(menu);
  menu.showPopover();
  place(menu, opener);
  menu.style.minWidth = `${Math.min(320, window.innerWidth - 16)}px`;
  (menu.querySelector('[aria-checked="true"]') ?? menu.firstElementChild)?.focus();
}

async function becomePerson(id) {
  if (!id || id === state.meId) return;
  state.meId = id;
  store.set('me', id);
  try {
    state.messages.clear();
    await loadState();
    await Promise.all([loadCommands(), loadAllMessages()]);
  } catch (error) {
    toast(error.message);
  }
  connect();
  selectChannel(state.channelId);
  drawFrame();
  emit('world');
}

// ---- where one is --------------------------------------------------------------------------------------------

function selectGuild(id) {
  state.guildId = id;
  state.channelId = firstChannel();
  loadCommands().catch((error) => toast(error.message));
  selectChannel(state.channelId);
  drawFrame();
  emit('world');
}

function selectChannel(id) {
  const changed = id !== state.channelId;
  state.channelId = id;
  if (channel()) store.set('channel', channel().name);
  const { count } = unread(id);
  const messages = visibleMessages(id);
  showChannel(count ? messages.at(-count)?.id : null);
  markRead(id);
  drawHead();
  drawChannels();
  drawPerson();
  emit('channel');
  if (changed) closeDrawers();
}

function forgetAll() {
  forgetReads();
  forgetDismissed();
  forgetGuide();
}

/** What the browser remembers belongs to one world: another one, or a clock that went back, starts afresh. */
function sameWorld() {
  const seen = store.get('world', null);
  const world = { guilds: state.guilds.map((one) => one.id).sort()[0] ?? '', at: Math.floor(now()) };
  store.set('world', world);
  return !seen || (seen.guilds === world.guilds && world.at >= seen.at - 2000);
}

// ---- answers -------------------------------------------------------------------------------------------------

const sentence = (error) => (typeof error === 'string' ? error : error?.message) || 'The application did not respond';

on('answer', async (detail) => {
  const { answer, origin } = detail;
  if (answer.interaction_id && origin.label) state.usedNames.set(answer.interaction_id, origin.label);
  guideAnswer(detail);
  calledSoon();
  if (answer.kind === 'modal') {
    openBotModal(answer.modal, { ...origin, botName: botName() });
  } else if (answer.kind === 'error') {
    if (origin.kind === 'component') pressFailed(origin, sentence(answer.error));
    else addNote({ kind: 'error', channel: origin.channel, user: origin.user, text: sentence(answer.error), command: origin.label ?? 'a form' });
  }
  await refreshChannel(origin.channel);
});

on('person', async (id) => {
  closeDrawers();
  await becomePerson(id);
});
on('show-tools', () => innerWidth <= 1160 && openDrawer('dock'));
on('go', ({ channel: id, message }) => {
  if (!channel(id)) return toast('This person cannot see that channel.', 'warn');
  if (id !== state.channelId) selectChannel(id);
  return message && showMessage(message);
});
on('guide-fill', async ({ line, as, channels: fitting }) => {
  closeDrawers();
  if (as && as !== state.meId) await becomePerson(as);
  const better = fitting && firstChannel(fitting);
  if (better && channel(better)?.can_send) selectChannel(better);
  else if (!channel()?.can_send) selectChannel(firstChannel(['general', 'bot-commands']));
  fill(line);
});
on('advanced', (reply) => {
  worldSoon();
  if (reply.worker?.told === false) toast(`The bot was not told the new time, so what is due there waits (${reply.worker.error ?? `it answered ${reply.worker.status}`}).`, 'warn');
});
on('restarted', restart);

// ---- toasts, drawers, theme ----------------------------------------------------------------------------------

const asSentence = (text) => `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?…]$/.test(text) ? '' : '.'}`;

on('toast', ({ text, tone }) => {
  const box = el('div', { class: `toast toast-${tone}`, testid: 'toast', role: tone === 'error' ? 'alert' : undefined }, icon(tone === 'good' ? 'check' : 'warn'), el('span', {}, asSentence(text)));
  const end = () => box.remove();
  box.append(el('button', { type: 'button', class: 'icon-button', 'aria-label': 'Close', on: { click: end } }, icon('close')));
  at('toasts').append(box);
  while (at('toasts').childElementCount > 4) at('toasts').firstElementChild.remove();
  setTimeout(end, tone === 'error' ? 9000 : 4500);
});

const DRAWERS = { sidebar: 'open-channels', dock: 'open-dock' };

function closeDrawers() {
  const had = Object.keys(DRAWERS).find((id) => at(id).classList.contains('open'));
  for (const [id, opener] of Object.entries(DRAWERS)) {
    at(id).classList.remove('open');
    at(opener).setAttribute('aria-expanded', 'false');
  }
  at('scrim').hidden = true;
  if (had) at(DRAWERS[had]).focus();
}

function openDrawer(id) {
  const wasOpen = at(id).classList.contains('open');
  closeDrawers();
  if (wasOpen) return;
  at(id).classList.add('open');
  at(DRAWERS[id]).setAttribute('aria-expanded', 'true');
  at('scrim').hidden = false;
  at(id).querySelector('[aria-current], [aria-selected="true"], button')?.focus();
}

function mountFrame() {
  for (const [id, opener] of Object.entries(DRAWERS)) at(opener).addEventListener('click', () => openDrawer(id));
  at('scrim').addEventListener('click', closeDrawers);
  document.addEventListener('keydown', (event) => event.key === 'Escape' && !event.defaultPrevented && closeDrawers());
  document.addEventListener('visibilitychange', () => {
    markRead();
    drawChannels();
  });
  const stored = store.get('theme', null);
  if (stored) document.documentElement.dataset.theme = stored;
  at('theme').addEventListener('click', () => {
    const dark = document.documentElement.dataset.theme ? document.documentElement.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
    document.documentElement.dataset.theme = dark ? 'light' : 'dark';
    store.set('theme', document.documentElement.dataset.theme);
  });
  setInterval(() => {
    emit('tick');
    for (const node of document.querySelectorAll('[data-relative]')) {
      const text = relative(Number(node.dataset.relative));
      if (node.textContent !== text) node.textContent = text;
    }
  }, 1000);
  addEventListener('pagehide', () => state.loaded && sameWorld());
  setInterval(() => state.worker.reachable === false && state.loaded && worldSoon(), 5000);
}

// ---- start ---------------------------------------------------------------------------------------------------

async function start() {
  at('messages').replaceChildren(...[70, 45, 85].map((width) => {
    const bar = el('span', { class: 'bone' });
    bar.style.width = `${width}%`;
    return el('div', { class: 'skeleton', 'aria-hidden': 'true' }, el('span', { class: 'bone bone-round' }), bar);
  }));
  try {
    const world = await api.state(store.get('me', null)).catch((error) => (error.offline ? Promise.reject(error) : api.state()));
    const people = (world.users ?? []).filter((one) => !one.bot);
    const kept = people.find((one) => one.id === store.get('me', null));
    state.meId = (kept ?? people.find((one) => one.id === world.guilds?.[0]?.owner_id) ?? people[0])?.id ?? null;
    await loadState();
    await Promise.all([loadCommands(), loadAllMessages()]);
  } catch (error) {
    const again = el('button', { type: 'button', class: 'btn btn-primary', testid: 'connection-retry', on: { click: start } }, 'Try again');
    at('messages').replaceChildren(el('div', { class: 'empty', role: 'alert' }, icon('warn'), el('h2', {}, 'The simulator is not there'), el('p', {}, error.message), again));
    return;
  }
  state.loaded = true;
  if (!sameWorld()) forgetAll();
  setBaseline();
  delete at('app').dataset.loading;
  connect();
  selectChannel(state.channelId);
  drawFrame();
  emit('world');
  guideMessages();
  document.documentElement.dataset.ready = 'true';
}

await keepIcons();
mountFrame();
mountMessages(at('messages'), at('jump'));
mountComposer(at('composer'));
mountClock(at('clock'));
mountDock(at('dock'));
mountMembers(at('members'));
mountGuideStrip(at('guide-strip'));
start();
