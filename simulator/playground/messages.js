// Purpose: renders the message list: rows, embeds, attachments, reactions, ephemeral answers and local rows.

import { api } from './api.js';
import { attachment, channelIcon, failures, image, place, pressing, renderComponents } from './components.js';
import { runOnTarget, targetCommands } from './composer.js';
import { emojiNode, inline, link, markdown, plain } from './markdown.js';
import {
  avatar, channel, css, displayName, el, emit, formatTime, icon, markRead, mentions, nameColour, now, on,
  removeNote, state, store, timeNode, tint, toast, user,
} from './state.js';

const EPHEMERAL = 64;
const LOADING = 128;
const COMPONENTS_V2 = 1 << 15;
const QUICK = ['👍', '🎉', '❤️', '😂', '👀', '🔥'];

const dismissed = new Set(store.get('dismissed', []));
let list = null;
let jump = null;
/** id → {node, signature}, so that a refresh only touches what changed. */
let drawn = new Map();
/** The first message that was unread when the channel was opened. */
let marker = null;

export function mountMessages(listNode, jumpNode) {
  list = listNode;
  jump = jumpNode;
  let atEnd = true;
  // A composer that grows or a banner that appears takes room from the list; its end stays in view.
  new ResizeObserver(() => atEnd && toBottom()).observe(list);
  list.addEventListener('scroll', () => {
    atEnd = atBottom();
    if (atEnd) {
      jump.hidden = true;
      markRead();
    }
  });
  jump.addEventListener('click', toBottom);
  on('messages', (id) => id === state.channelId && draw());
  on('notes', (id) => id === state.channelId && draw());
  on('world', draw);
}

const atBottom = () => list.scrollHeight - list.scrollTop - list.clientHeight < 90;

function toBottom() {
  list.scrollTop = list.scrollHeight;
  jump.hidden = true;
}

/** Starts afresh: another channel or another person. `firstUnread` gets the "New" line. */
export function showChannel(firstUnread) {
  marker = firstUnread ?? null;
  drawn = new Map();
  list.replaceChildren();
  draw();
  toBottom();
}

/** Scrolls to a message and lets it stand out for a moment. */
export function showMessage(id) {
  const node = list.querySelector(`[data-testid="message-${CSS.escape(id)}"]`);
  if (!node) return toast('That message is not here any more.', 'warn');
  node.scrollIntoView({ block: 'center' });
  node.classList.add('found');
  setTimeout(() => node.classList.remove('found'), 2500);
  return undefined;
}

export function visibleMessages(id = state.channelId) {
  return (state.messages.get(id) ?? []).filter((one) => !dismissed.has(one.id) && !(one.ephemeral_for && one.ephemeral_for !== state.meId));
}

function dismiss(id) {
  dismissed.add(id);
  store.set('dismissed', [...dismissed].slice(-200));
  draw();
}

export function forgetDismissed() {
  dismissed.clear();
  store.set('dismissed', []);
}

// ---- the list ------------------------------------------------------------------------------------------------

function draw() {
  if (!list || !state.loaded) return;
  const before = new Set(drawn.keys());
  const focused = list.contains(document.activeElement) ? document.activeElement.dataset.testid : null;
  const messages = visibleMessages();
  const notes = (state.notes.get(state.channelId) ?? []).filter((note) => note.user === state.meId);
  const wanted = [];
  const next = new Map();
  const use = (key, signature, build) => {
    const before = drawn.get(key);
    const node = before?.signature === signature ? before.node : build();
    next.set(key, { node, signature });
    wanted.push(node);
  };

  use('start', `start ${state.channelId} ${channel()?.name} ${messages.length === 0}`, () => startOf(messages.length === 0));
  let last = null;
  for (const message of messages) {
    const day = new Date(message.timestamp).toDateString();
    const newDay = !last || new Date(last.timestamp).toDateString() !== day;
    if (newDay) use(`day ${day}`, day, () => el('div', { class: 'line', role: 'separator' }, el('span', {}, formatTime(Date.parse(message.timestamp), 'D'))));
    if (message.id === marker && last) use('new', marker, () => el('div', { class: 'line line-new', role: 'separator' }, el('span', {}, 'New')));
    const grouped = !newDay && message.id !== marker && follows(last, message);
    const busy = [...pressing].filter((key) => key.startsWith(`${message.id}:`));
    use(message.id, JSON.stringify([message, grouped, busy, state.usedNames.get(interactionOf(message)?.id), failures.get(message.id), state.meId, state.version]), () => row(message, grouped));
    last = message;
  }
  for (const note of notes) use(note.id, note.kind, () => noteRow(note));
  // What one does oneself is always shown; what others do moves the list only when one reads its end.
  const fresh = [...next.keys()].filter((key) => !before.has(key));
  const stick = atBottom() || before.size === 0 || notes.some((note) => fresh.includes(note.id))
    || messages.some((one) => fresh.includes(one.id) && (one.ephemeral_for === state.meId || interactionOf(one)?.user?.id === state.meId || one.author?.id === state.meId));

  drawn = next;
  wanted.forEach((node, index) => {
    if (list.children[index] !== node) list.insertBefore(node, list.children[index] ?? null);
  });
  while (list.children.length > wanted.length) list.lastElementChild.remove();

  if (focused && !list.contains(document.activeElement)) list.querySelector(`[data-testid="${CSS.escape(focused)}"]`)?.focus();
  if (stick) {
    toBottom();
    markRead();
  } else if (messages.some((one) => fresh.includes(one.id))) {
    jump.hidden = false;
  }
}

function follows(before, message) {
  return before && before.author?.id === message.author?.id && !before.ephemeral_for && !message.ephemeral_for
    && !interactionOf(message) && !message.referenced_message && (message.type ?? 0) !== 7 && (before.type ?? 0) !== 7
    && Date.parse(message.timestamp) - Date.parse(before.timestamp) < 7 * 60000;
}

function startOf(empty) {
  const here = channel();
  if (!here) return el('div', { class: 'empty' }, icon('hash'), el('p', {}, 'There is no channel here that this person can see.'));
  return el('div', { class: `channel-start${empty ? ' alone' : ''}` },
    el('div', { class: 'channel-start-mark' }, icon(channelIcon(here.type))),
    el('h2', {}, here.name),
    el('p', {}, empty ? 'Nothing has been said here yet. Write a message, or type / to see what the bot can do.' : 'This is where the channel begins.'));
}

// ---- one message ---------------------------------------------------------------------------------------------

const interactionOf = (message) => message.interaction_metadata ?? message.interaction ?? null;

function row(message, grouped) {
  const flags = message.flags ?? 0;
  const ephemeral = Boolean(message.ephemeral_for) || (flags & EPHEMERAL) !== 0;
  const loading = (flags & LOADING) !== 0;
  const pinged = mentions(message, state.meId);
  const author = message.author ?? { id: '0', username: 'unknown' };
  const at = Date.parse(message.timestamp);
  if (message.type === 7) return systemRow(message, author, at);
  const node = el('article', {
    class: `message${grouped ? ' grouped' : ''}${pinged ? ' pinged' : ''}${ephemeral ? ' ephemeral' : ''}${loading ? ' loading' : ''}`,
    testid: `message-${message.id}`,
    data: { author: author.id, ephemeral: String(ephemeral), pinged: String(pinged), bot: String(Boolean(author.bot)) },
    'aria-label': `${displayName(author)}, ${formatTime(at, 't')}${pinged ? ', mentions you' : ''}`,
  });
  const context = contextLine(message);
  if (context) node.append(context);
  const gutter = el('div', { class: 'gutter' }, grouped ? timeNode(at, 't', 'gutter-time') : avatar(user(author.id) ?? author));
  const body = el('div', { class: 'message-body' });
  if (!grouped) {
    const name = tint(el('span', { class: 'author' }, displayName(author)), nameColour(author.id));
    body.append(el('header', { class: 'message-head' }, name, author.bot ? el('span', { class: 'tag' }, 'BOT') : null, when(at)));
  }
  if (pinged) body.append(el('span', { class: 'sr' }, 'This message mentions you.'));
  if (loading) body.append(thinking(`${displayName(author)} is thinking`));
  else body.append(...content(message));
  if (failures.has(message.id)) body.append(el('p', { class: 'failed', role: 'alert', testid: `failure-${message.id}` }, icon('warn'), failures.get(message.id)));
  if (message.reactions?.length) body.append(reactions(message));
  if (message.thread) body.append(thread(message.thread));
  if (ephemeral) {
    body.append(el('footer', { class: 'only-you' }, icon('eye'), el('span', {}, 'Only you can see this'), el('span', { 'aria-hidden': 'true' }, '·'),
      el('button', { type: 'button', class: 'text-button', testid: 'ephemeral-dismiss', on: { click: () => dismiss(message.id) } }, 'Dismiss')));
  }
  node.append(gutter, body);
  if (!ephemeral && !loading) node.append(el('div', { class: 'message-tools' }, reactButton(message), targetCommands(3).length ? appsButton(message) : null));
  return node;
}

function systemRow(message, author, at) {
  return el('article', { class: 'message system', testid: `message-${message.id}` },
    el('div', { class: 'gutter' }, icon('join')),
    el('div', { class: 'message-body' }, el('p', {}, tint(el('strong', { class: 'author' }, displayName(author)), nameColour(author.id)), ' joined the server. ', when(at))));
}

function when(at) {
  const sameDay = new Date(at).toDateString() === new Date(now()).toDateString();
  return timeNode(at, sameDay ? 't' : 's', 'quiet when');
}

function thinking(text) {
  return el('p', { class: 'thinking', role: 'status' }, el('span', { class: 'dots', 'aria-hidden': 'true' }, el('i'), el('i'), el('i')), `${text}…`);
}

/** The line above a message: which command it answers, or which message. */
function contextLine(message) {
  const used = interactionOf(message);
  const first = used?.triggering_interaction_metadata ?? used;
  const name = state.usedNames.get(first?.id) ?? (first?.name && (first.command_type > 1 ? first.name : `/${first.name}`));
  const replied = message.referenced_message;
  if (used?.user && (name || !replied)) {
    const who = user(used.user.id) ?? used.user;
    const what = name ? el('span', { class: 'used-command' }, name) : used.type === 5 ? 'a form' : 'a button';
    return el('div', { class: 'context' }, avatar(who, 'xs'), tint(el('strong', { class: 'author' }, displayName(who)), nameColour(who.id)), ' used ', what);
  }
  if (!replied) return null;
  const about = plain(textOf(replied) || 'a message', 80);
  return el('div', { class: 'context' }, icon('undo'), avatar(user(replied.author.id) ?? replied.author, 'xs'), el('strong', { class: 'author' }, displayName(replied.author)), el('span', { class: 'context-text' }, about));
}

function content(message) {
  const parts = [];
  const v2 = ((message.flags ?? 0) & COMPONENTS_V2) !== 0;
  const edited = message.edited_timestamp
    ? el('span', { class: 'quiet edited', title: formatTime(Date.parse(message.edited_timestamp), 'F') }, '(edited)')
    : null;
  if (message.content) {
    const text = el('div', { class: 'text' }, markdown(message.content));
    if (edited) (text.querySelector(':scope > .md-p:last-child') ?? text).append(edited);
    parts.push(text);
  }
  // With Components V2 a file is only where a component shows it.
  if (!v2) parts.push(...(message.attachments ?? []).map((one) => (String(one.content_type).startsWith('image/') ? image(one.url, { alt: one.description ?? one.filename }) : attachment(one))));
  parts.push(...(message.embeds ?? []).map((one) => embed(one, message)));
  if (message.components?.length) parts.push(el('div', { class: 'components' }, renderComponents(message.components, message)));
  if (v2 && edited) parts.push(edited);
  if (parts.length === 0) parts.push(el('p', { class: 'quiet' }, 'This message is empty.'));
  return parts;
}

// ---- embeds --------------------------------------------------------------------------------------------------

function embed(one, message) {
  const attachments = message.attachments ?? [];
  const box = tint(el('section', { class: 'embed', 'aria-label': one.title ? `Embed: ${plain(one.title, 60)}` : 'Embed' }), css(one.color));
  const main = el('div', { class: 'embed-main' });
  if (one.author?.name) main.append(el('div', { class: 'embed-author' }, one.author.url ? link(one.author.url, one.author.name) : one.author.name));
  if (one.title) main.append(el('h3', { class: 'embed-title' }, one.url ? link(one.url, inline(one.title)) : inline(one.title)));
  if (one.description) main.append(el('div', { class: 'embed-text' }, markdown(one.description)));
  if (one.fields?.length) {
    main.append(el('dl', { class: 'fields' }, one.fields.map((field) => el('div', { class: field.inline ? 'field inline' : 'field' }, el('dt', {}, inline(field.name)), el('dd', {}, markdown(field.value))))));
  }
  box.append(main);
  if (one.thumbnail?.url) box.append(el('div', { class: 'embed-thumb' }, image(one.thumbnail.url, { className: 'thumb', attachments })));
  if (one.image?.url) box.append(el('div', { class: 'embed-image' }, image(one.image.url, { attachments })));
  if (one.footer?.text || one.timestamp) {
    box.append(el('footer', { class: 'embed-foot' }, one.footer?.text ?? '', one.footer?.text && one.timestamp ? ' · ' : '', one.timestamp ? timeNode(Date.parse(one.timestamp), 's', '') : ''));
  }
  return box;
}

// ---- reactions and threads -----------------------------------------------------------------------------------

async function react(message, emoji) {
  try {
    await api.react({ user: state.meId, message: message.id, emoji });
  } catch (error) {
    toast(error.message);
  }
}

const emojiKey = (emoji) => (emoji?.id ? `${emoji.name}:${emoji.id}` : emoji?.name ?? '');

function reactions(message) {
  return el('div', { class: 'reactions', role: 'group', 'aria-label': 'Reactions' }, message.reactions.map((one) => {
    const mine = one.me ?? one.users?.includes(state.meId) ?? false;
    return el('button', {
      type: 'button', class: `reaction${mine ? ' mine' : ''}`, 'aria-pressed': String(mine),
      'aria-label': `${emojiKey(one.emoji)}, ${one.count}`, on: { click: () => react(message, emojiKey(one.emoji)) },
    }, emojiNode(one.emoji), el('span', {}, String(one.count)));
  }));
}

/** A tool of a message that opens a small menu of {label, face, run}. */
function toolButton({ name, glyph, testid, className, entries }) {
  const opener = el('button', { type: 'button', class: 'icon-button', 'aria-label': name, title: name, 'aria-haspopup': 'menu', testid }, icon(glyph));
  opener.addEventListener('click', () => {
    const menu = el('div', { class: `menu ${className}`, popover: 'auto', role: 'menu', 'aria-label': name }, entries().map(({ label, run }) => el('button', {
      type: 'button', class: 'menu-entry', role: 'menuitem',
      on: {
        click: () => {
          menu.hidePopover();
          run();
        },
      },
    }, label)));
    menu.addEventListener('toggle', (event) => event.newState === 'closed' && menu.remove());
    document.body.append(menu);
    menu.showPopover();
    place(menu, opener);
    menu.firstElementChild.focus();
  });
  return opener;
}

const reactButton = (message) => toolButton({
  name: 'Add a reaction', glyph: 'smile', testid: `react-${message.id}`, className: 'emoji-menu',
  entries: () => QUICK.map((emoji) => ({ label: emoji, run: () => react(message, emoji) })),
});

const appsButton = (message) => toolButton({
  name: 'Commands on this message', glyph: 'bolt', testid: `apps-${message.id}`, className: 'apps-menu',
  entries: () => targetCommands(3).map((one) => ({ label: one.name, run: () => runOnTarget(one, message.id) })),
});

function thread(one) {
  return el('button', { type: 'button', class: 'thread-chip', on: { click: () => emit('go', { channel: one.id }) } }, icon('thread'), el('strong', {}, one.name), el('span', { class: 'quiet' }, 'Open thread'));
}

// ---- local rows ----------------------------------------------------------------------------------------------

function noteRow(note) {
  const who = user(note.user);
  const line = el('div', { class: 'context' }, avatar(who, 'xs'), el('strong', { class: 'author' }, displayName(who)), ' used ', el('span', { class: 'used-command' }, note.command ?? 'a command'));
  const bot = state.guilds.flatMap((one) => one.members).find((one) => one.user.bot)?.user ?? { id: '1', username: 'bot', bot: true };
  const body = el('div', { class: 'message-body' }, el('header', { class: 'message-head' }, el('span', { class: 'author' }, displayName(bot)), el('span', { class: 'tag' }, 'BOT'), when(note.at)));
  if (note.kind === 'pending') {
    body.append(thinking('Sending command'));
  } else {
    body.append(el('p', { class: 'failed', role: 'alert', testid: 'interaction-failed' }, icon('warn'), note.text));
    body.append(el('footer', { class: 'only-you' }, icon('eye'), el('span', {}, 'Only you can see this'), el('span', { 'aria-hidden': 'true' }, '·'),
      el('button', { type: 'button', class: 'text-button', testid: 'ephemeral-dismiss', on: { click: () => removeNote(note) } }, 'Dismiss')));
  }
  return el('article', { class: `message ephemeral note-${note.kind}`, testid: note.id }, line, el('div', { class: 'gutter' }, avatar(bot)), body);
}

// ---- reading messages, for the guide ----------------------------------------------------------------------------

/** Everything one can read in a message, V2 text included. */
export function textOf(message) {
  const inner = (parts) => (parts ?? []).flatMap((one) => [one.content, one.label, ...inner(one.components), one.accessory ? inner([one.accessory]).join(' ') : '']);
  const embeds = (message?.embeds ?? []).flatMap((one) => [one.title, one.description, ...(one.fields ?? []).flatMap((field) => [field.name, field.value]), one.footer?.text]);
  return [message?.content, ...embeds, ...inner(message?.components)].filter(Boolean).join('\n');
}

/** Every button of a message, nested ones included. */
export const buttonsOf = (message) => {
  const walk = (parts) => (parts ?? []).flatMap((one) => [...(one.type === 2 ? [one] : []), ...walk(one.components), ...walk(one.accessory ? [one.accessory] : [])]);
  return walk(message?.components);
};
